import type { Hono } from "hono";
import type { AnyAction } from "../../../../kernel/action.ts";
import { createOwnActions } from "./own-actions.ts";
import type { SelfServiceParts } from "./parts.ts";
import { createOwnRoutes } from "./routes.ts";

/** The pages on which people look after their own accounts. */
export function createSelfService(parts: SelfServiceParts): {
  readonly actions: readonly AnyAction[];
  readonly routes: Hono;
} {
  const actions = createOwnActions(parts);
  const all: readonly AnyAction[] = Object.values(actions);
  return { actions: all, routes: createOwnRoutes(parts, actions) };
}
