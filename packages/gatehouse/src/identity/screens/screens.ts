import type { Hono } from "hono";
import type { Edge } from "../../http/edge.ts";
import type { AnyAction } from "../../kernel/action.ts";
import type { Store } from "../../kernel/ports/store.ts";
import { createAccountActions } from "./account/actions.ts";
import { createAccountRoutes } from "./account/routes.ts";
import type { Pages } from "./pages.ts";
import { createSignInActions } from "./sign-in/actions.ts";
import { SignInPage } from "./sign-in/page.ts";
import type { SignInParts } from "./sign-in/proof-action.ts";
import { createSignInRoutes } from "./sign-in/routes.ts";

/** What the pages are made from on which people sign in. */
export interface ScreensParts extends SignInParts {
  readonly edge: Edge;
  readonly store: Pick<Store, "read">;
  readonly pages: Pages;
  /** Whether people may register by themselves. */
  readonly registration: boolean;
}

/** The pages on which people join, sign in and consent: what can be attempted there, and the routes that lead there. */
export function createScreens(parts: ScreensParts): { readonly actions: readonly AnyAction[]; readonly routes: Hono } {
  const actions = createSignInActions(parts);
  const page = new SignInPage(parts);
  const account = createAccountActions(parts);
  const routes = createSignInRoutes({ ...parts, page, actions });
  const signingIn: readonly AnyAction[] = Object.values(actions);
  const joining: readonly AnyAction[] = Object.values(account);
  return {
    actions: [...signingIn, ...joining],
    routes: routes.route("/", createAccountRoutes({ ...parts, actions: account })),
  };
}
