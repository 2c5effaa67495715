import { z } from "zod";
import { defineAction, type AnyAction } from "../kernel/action.ts";
import type { InventoryRow } from "../kernel/gate.ts";
import type { KeyRotation } from "../kernel/key-rotation.ts";
import { deny, type Denial } from "../kernel/outcome.ts";
import type { StoreHealth } from "../kernel/ports/store.ts";
import { problems } from "../kernel/problems.ts";
import { operatorEvents } from "./events.ts";
import { OPERATOR_ENTRANCES, operatorsOnly } from "./operator.ts";

/** The stores of a server, as operators see them. */
export interface StoreKeeper {
  health(): Promise<readonly StoreHealth[]>;
  /** Writes a consistent copy, or says why it cannot; `undefined` where the engine has its own tools. */
  readonly backup: ((file: string) => Promise<{ readonly file: string; readonly bytes: number } | Denial>) | undefined;
}

interface Parts {
  readonly store: StoreKeeper;
  readonly inventory: () => readonly InventoryRow[];
  /** When the keys are to be rotated, as of now. */
  readonly rotation: () => KeyRotation;
}

/** Guard inventory, health of stores and keys, backup. */
export function createSystemOperations({ store, inventory, rotation }: Parts): readonly AnyAction[] {
  const guards = defineAction({
    name: "guards.inventory",
    entrances: OPERATOR_ENTRANCES,
    input: z.strictObject({}),
    effects: "none",
    authorise: operatorsOnly,
    run: async () => ({ rows: inventory() }),
  });
  const health = defineAction({
    name: "store.health",
    entrances: OPERATOR_ENTRANCES,
    input: z.strictObject({}),
    effects: "none",
    authorise: operatorsOnly,
    run: async () => ({ stores: await store.health(), keys: rotation() }),
  });
  const backup = defineAction({
    name: "store.backup",
    // A path on the server's machine: for those who are on it.
    entrances: ["job"],
    input: z.strictObject({ file: z.string().min(1).max(4096) }),
    effects: "external",
    idempotency: false,
    authorise: operatorsOnly,
    audit: { event: operatorEvents.store_backed_up, target: ({ file }) => file },
    run: async ({ input: { file } }) => {
      if (store.backup !== undefined) return store.backup(file);
      return deny(problems.VALIDATION_ERROR, { detail: "This store has its own backup tools: use pg_dump." });
    },
  });
  return [guards, health, backup];
}
