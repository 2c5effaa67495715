import type { Edge } from "../../../../http/edge.ts";
import type { Sealer } from "../../../../kernel/seal.ts";
import type { AccountServices } from "../../../accounts/accounts.ts";
import type { Account } from "../../../accounts/directory.ts";
import type { Grants } from "../../../grants/grants.ts";
import type { Issuers } from "../../../issuers.ts";
import type { Pages } from "../../pages.ts";
import type { ApplicationSessions } from "./application-sessions.ts";
import type { Demand, OwnerParts } from "./owner.ts";
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
  /** The name of these pages in the protocol: nobody withdraws from them what they do here. */
  readonly ownClient: string;
  /** What authenticator apps show codes as. */
  readonly serviceOf: (tenant: string) => string;
  /** The address at which people sign in, or prove anew who they are, and that leads back to a path. */
  readonly signInAt: (returnTo: string, demand?: Demand) => string;
  /** Takes the form of signing out. */
  readonly signOutPath: string;
}
