import { OPERATOR_GRANT } from "../../console/operator.ts";
import type { Account } from "../../identity/accounts/directory.ts";
import type { Identity } from "../../identity/identity.ts";
import { DEMANDED_AGE } from "../../identity/screens/account/own/owner.ts";
import { OWN_PATHS } from "../../identity/screens/account/own/paths.ts";
import { createSelfService } from "../../identity/screens/account/own/self-service.ts";
import { SignOns } from "../../identity/screens/account/own/sign-ons.ts";
import { Visits } from "../../identity/screens/account/own/visits.ts";
import type { AnyAction } from "../../kernel/action.ts";
import type { Sessions } from "../../kernel/ports/sessions.ts";
import type { Hono } from "hono";
import type { Ports } from "../application.ts";
import { createApplicationSessions, type KnownApplication } from "./application-sessions.ts";
import type { IdentityServices } from "./identity-services.ts";
import type { OwnRelyingParty, OwnRelyingPartyOptions } from "./own-relying-party.ts";

const OWN_CLIENT = "account-auth";

/** What the pages of people's own accounts are put together from. */
export interface OpenSelfServiceParts {
  readonly services: Ports;
  readonly sessions: Sessions;
  readonly identity: Identity;
  readonly parts: Pick<IdentityServices, "accounts" | "factors" | "artifacts">;
  readonly relyingParty: (options: OwnRelyingPartyOptions) => OwnRelyingParty;
  readonly serviceOf: (tenant: string) => string;
  readonly report: (error: unknown) => void;
}

/** The pages of people's own accounts, and what lets applications sign people in so that those pages know of it. */
export interface OpenedSelfService {
  readonly actions: readonly AnyAction[];
  readonly routes: readonly Hono[];
  readonly relyingParty: (options: OwnRelyingPartyOptions) => OwnRelyingParty;
  /** How somebody has signed in to one of these applications, by their session there. */
  readonly authenticationOf: IdentityServices["authenticationOf"];
}

/** Puts the pages of people's own accounts together: an application like the others, which lets the issuer sign people in. */
export function openSelfService({
  services,
  sessions,
  identity,
  parts,
  relyingParty: open,
  ...others
}: OpenSelfServiceParts): OpenedSelfService {
  const known: KnownApplication[] = [];
  const relyingParty = (wanted: OwnRelyingPartyOptions): OwnRelyingParty => {
    const opened = open(wanted);
    known.push({ name: wanted.name, title: wanted.title, party: opened });
    return opened;
  };
  const { emergency, edge } = services;
  const { issuers, grants, pages } = identity;
  const { accounts, factors, artifacts } = parts;
  const { directory } = accounts;
  const visits = new Visits({ ...services, directory });
  const party = relyingParty({
    ...{ name: OWN_CLIENT, title: "Your account", path: "/account/auth", landing: OWN_PATHS.overview },
    sessions: visits,
    demands: {
      fresh: { maxAge: DEMANDED_AGE },
      "two-factors": { maxAge: DEMANDED_AGE, acrValues: ["aal2"] },
    },
  });
  const selfService = createSelfService({
    ...{ ...services, ...others, accounts, directory, factors, visits, issuers, grants, pages },
    signOns: new SignOns({ ...services, ...others, issuers, artifacts }),
    applications: createApplicationSessions({
      ...{ ...services, sessions, visits, edgeSessions: edge.sessions },
      known: () => known,
    }),
    mustHaveTwo: (account: Account) => account.grants.includes(OPERATOR_GRANT) || emergency.isOn("second-factor"),
    signInAt: (returnTo, demand) => party.startAt(returnTo, demand),
    ownClient: OWN_CLIENT,
    signOutPath: party.paths.signOut,
  });
  const actions = [...party.actions, ...selfService.actions];
  return {
    ...{ actions, routes: [party.routes, selfService.routes], relyingParty },
    async authenticationOf(reading, tenant, session) {
      for (const application of known) {
        const found = await application.party.authenticationOf(reading, tenant, session);
        if (found !== undefined) return found;
      }
      return undefined;
    },
  };
}
