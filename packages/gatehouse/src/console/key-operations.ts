import { z } from "zod";
import { defineAction, type AnyAction } from "../kernel/action.ts";
import { events } from "../kernel/events.ts";
import type { KeyVersionDescription } from "../kernel/key-material.ts";
import { OPERATOR_ENTRANCES, operatorsOnly } from "./operator.ts";

/** Keeps the key ring of a running server and its file together. */
export interface KeyKeeper {
  list(): readonly KeyVersionDescription[];
  /** Makes a new version current, on every server; throws where the keys are kept elsewhere. */
  rotate(): Promise<KeyVersionDescription>;
}

/** Listing and rotating keys. */
export function createKeyOperations({ keys }: { readonly keys: KeyKeeper }): readonly AnyAction[] {
  const list = defineAction({
    name: "keys.list",
    entrances: OPERATOR_ENTRANCES,
    input: z.strictObject({}),
    effects: "none",
    authorise: operatorsOnly,
    run: async () => ({ versions: keys.list() }),
  });
  const rotate = defineAction({
    name: "keys.rotate",
    entrances: OPERATOR_ENTRANCES,
    input: z.strictObject({}),
    effects: "external",
    authorise: operatorsOnly,
    audit: { event: events.key_rotated, context: (_input, { version }: KeyVersionDescription) => ({ version }) },
    run: () => keys.rotate(),
  });
  return [list, rotate];
}
