import type { Hono } from "hono";
import type { Edge } from "../../../../http/edge.ts";
import type { AnyAction } from "../../../../kernel/action.ts";
import type { Sealer } from "../../../../kernel/seal.ts";
import type { AccountServices } from "../../../accounts/accounts.ts";
import type { Account } from "../../../accounts/directory.ts";
import type { Grants } from "../../../grants/grants.ts";
import type { Issuers } from "../../../issuers.ts";
import type { Pages } from "../../pages.ts";
import type { ApplicationSessions } from "./application-sessions.ts";
import { createEmailChanges, type EmailChanges } from "./email-changes.ts";
import { createFactorChanges, type FactorChanges } from "./factor-changes.ts";
import { createLook } from "./look.ts";
import type { Demand, OwnerParts } from "./owner.ts";
import { createPasswordChange } from "./password-change.ts";
import { createOwnRoutes } from "./routes.ts";
import { createSessionChanges, type SessionChanges } from "./session-changes.ts";
import type { SignOns } from "./sign-ons.ts";

/** What the pages of people's own accounts are made from. */
export interface SelfServiceParts extends OwnerParts {
  readonly sealer: Sealer;
  readonly accounts: AccountServices;
  readonly edge: Edge;
  readonly pages: Pages;
  readonly issuers: Issuers;
  readonly signOns: SignOns;
  readonly applications: ApplicationSessions;
  readonly grants: Grants;
  /** Whether an account must not be without a second factor. */
  readonly mustHaveTwo: (account: Account) => boolean;
  /** What authenticator apps show codes as. */
  readonly serviceOf: (tenant: string) => string;
  /** The address at which people sign in, or prove anew who they are, and that leads back to a path. */
  readonly signInAt: (returnTo: string, demand?: Demand) => string;
  /** Takes the form of signing out. */
  readonly signOutPath: string;
}

/** All that can be attempted at the pages of one's own account. */
export interface OwnActions extends FactorChanges, SessionChanges, EmailChanges {
  readonly look: AnyAction;
  readonly changePassword: AnyAction;
}

/** The pages on which people look after their own accounts. */
export function createSelfService(parts: SelfServiceParts): {
  readonly actions: readonly AnyAction[];
  readonly routes: Hono;
} {
  const actions: OwnActions = {
    look: createLook(parts),
    changePassword: createPasswordChange(parts),
    ...createFactorChanges(parts),
    ...createSessionChanges(parts),
    ...createEmailChanges(parts),
  };
  const all: readonly AnyAction[] = Object.values(actions);
  return { actions: all, routes: createOwnRoutes(parts, actions) };
}
