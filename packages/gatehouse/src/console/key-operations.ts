import { z } from "zod";
import { defineAction, type AnyAction } from "../kernel/action.ts";
import type { Clock } from "../kernel/clock.ts";
import { events } from "../kernel/events.ts";
import type { KeyVersionDescription } from "../kernel/key-material.ts";
import { keyRotation, type KeyRotation } from "../kernel/key-rotation.ts";
import { OPERATOR_ENTRANCES, operatorsOnly } from "./operator.ts";

/** Keeps the key ring of a running server and its file together. */
export interface KeyKeeper {
  list(): readonly KeyVersionDescription[];
  /**
   * Makes a new version, which every server uses after `delay` milliseconds. Default: as long as it takes until every
   * process knows of it. Throws where the keys are kept elsewhere.
   */
  rotate(delay?: number): Promise<RotatedKey>;
}

/** A version that a rotation has made, and from when on it is used, in epoch milliseconds. */
export interface RotatedKey extends KeyVersionDescription {
  readonly usedFrom: number;
}

const MINUTE = 60_000;
const LONGEST_WAIT = 90 * 24 * 60;

interface Parts {
  readonly keys: KeyKeeper;
  readonly clock: Pick<Clock, "now">;
  /** Milliseconds after which keys are to be rotated. */
  readonly rotateAfter: number;
}

/** When the keys are to be rotated, as of now. */
export function rotationOf({ keys, clock, rotateAfter }: Parts): KeyRotation {
  return keyRotation(keys.list(), { now: clock.now(), rotateAfter });
}

/** Listing and rotating keys. */
export function createKeyOperations(parts: Parts): readonly AnyAction[] {
  const { keys } = parts;
  const list = defineAction({
    name: "keys.list",
    entrances: OPERATOR_ENTRANCES,
    input: z.strictObject({}),
    effects: "none",
    authorise: operatorsOnly,
    run: async () => ({ versions: keys.list(), rotation: rotationOf(parts) }),
  });
  const rotate = defineAction({
    name: "keys.rotate",
    entrances: OPERATOR_ENTRANCES,
    input: z.strictObject({ minutes: z.int().min(0).max(LONGEST_WAIT).optional() }),
    effects: "external",
    authorise: operatorsOnly,
    audit: {
      event: events.key_rotated,
      context: (_input, { version, usedFrom }: RotatedKey) => ({ version, usedFrom: new Date(usedFrom).toISOString() }),
    },
    run: ({ input: { minutes } }) => keys.rotate(minutes === undefined ? undefined : minutes * MINUTE),
  });
  return [list, rotate];
}
