import { z } from "zod";
import { defineAction, type AnyAction, type Authorise } from "../kernel/action.ts";
import type { Entrance } from "../kernel/attempt.ts";
import { playbooks } from "./playbooks.ts";

/** What reading playbooks needs. */
export interface PlaybookOperationsParts {
  /** Who may. */
  readonly operatorsOnly: Authorise<unknown>;
  readonly entrances: readonly Entrance[];
}

/** Reading playbooks, the same from the console and the command line. */
export function createPlaybookOperations({ operatorsOnly, entrances }: PlaybookOperationsParts): readonly AnyAction[] {
  const list = defineAction({
    name: "playbooks.list",
    entrances,
    input: z.strictObject({}),
    effects: "none",
    authorise: operatorsOnly,
    run: async () => ({ playbooks }),
  });
  return [list];
}
