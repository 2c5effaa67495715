import type { AnyAction } from "../../kernel/action.ts";
import { WORK_OPERATIONS, type WorkOperation } from "./operations.ts";

/** Below which path the REST interface is. */
export const REST_PATH = "/api/work";

/** Operations with their actions, as far as there are any. */
export interface MountedOperation extends WorkOperation {
  readonly run: AnyAction;
}

/** Puts operations and actions together. */
export function mountedOperations(actions: readonly AnyAction[]): readonly MountedOperation[] {
  const byName = new Map(actions.map((action) => [action.name, action]));
  return WORK_OPERATIONS.flatMap((operation) => {
    const run = byName.get(operation.action);
    return run === undefined ? [] : [{ ...operation, run }];
  });
}
