import type { Hono } from "hono";
import type { Edge } from "../../http/edge.ts";
import type { AnyAction } from "../../kernel/action.ts";
import type { Store } from "../../kernel/ports/store.ts";
import type { Pages } from "./pages.ts";
import { createSignInActions } from "./sign-in/actions.ts";
import { SignInPage } from "./sign-in/page.ts";
import type { SignInParts } from "./sign-in/proof-action.ts";
import { createSignInRoutes } from "./sign-in/routes.ts";
import type { SignInLinks } from "./sign-in/screens.ts";

/** What the pages are made from on which people sign in. */
export interface ScreensParts extends SignInParts {
  readonly edge: Edge;
  readonly store: Pick<Store, "read">;
  readonly pages: Pages;
  /** Pages that help who cannot sign in. Default: none. */
  readonly links?: SignInLinks;
}

/** The pages on which people sign in and consent: what can be attempted there, and the routes that lead there. */
export function createScreens(parts: ScreensParts): { readonly actions: readonly AnyAction[]; readonly routes: Hono } {
  const { links = {} } = parts;
  const actions = createSignInActions(parts);
  const page = new SignInPage({ ...parts, links });
  return { actions: Object.values(actions), routes: createSignInRoutes({ ...parts, page, actions }) };
}
