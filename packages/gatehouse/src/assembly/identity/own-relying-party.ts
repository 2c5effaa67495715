import { OPERATOR_GRANT } from "../../console/operator.ts";
import type { AccountServices } from "../../identity/accounts/accounts.ts";
import type { Account } from "../../identity/accounts/directory.ts";
import type { ClientServices } from "../../identity/clients/clients.ts";
import type { Issuers } from "../../identity/issuers.ts";
import { isUuid } from "../../kernel/ids.ts";
import type { Principal } from "../../kernel/attempt.ts";
import type { SignInRequirement } from "../../oauth/relying-party/exchange.ts";
import {
  createRelyingParty,
  type RelyingParty,
  type RelyingPartyOptions,
} from "../../oauth/relying-party/relying-party.ts";
import type { BackChannel } from "../back-channel.ts";

/** An application of this server that signs people in at the issuer beside it. */
export interface OwnRelyingPartyOptions {
  /** The client's name in the protocol, and that of its actions and cookies. */
  readonly name: string;
  /** What people see. */
  readonly title: string;
  /** Path below which its routes are. Default `/auth`. */
  readonly path?: string;
  /** Where people go on whose sign-in leads nowhere in particular, and where they come out. Default `/`. */
  readonly landing?: string;
  /** How strongly people have to sign in. Default: as they have chosen. */
  readonly requirement?: SignInRequirement;
  /** What single sign-ins demand besides, by name. */
  readonly demands?: RelyingPartyOptions["demands"];
  /** Where people have their sessions. Default: the browser's one session at the edge. */
  readonly sessions?: RelyingPartyOptions["sessions"];
  /** Whether somebody with such grants may come in. Default: everybody with an account. */
  readonly admits?: (grants: readonly string[]) => boolean;
}

/** A relying party whose people have accounts in the process. */
export interface OwnRelyingParty extends RelyingParty {
  /** What somebody who is signed in is called; `undefined` for who has no account. */
  nameOf(principal: Principal, tenant: string): Promise<string | undefined>;
}

/** What own relying parties work with. */
export interface OwnRelyingPartyParts {
  readonly services: Pick<RelyingPartyOptions, Ports> & {
    readonly backChannel: BackChannel;
    readonly origin: () => string;
  };
  readonly accounts: Pick<AccountServices, "directory">;
  readonly clients: Pick<ClientServices, "own">;
  readonly issuers: Pick<Issuers, "originOf">;
}

type Ports = "edge" | "store" | "documents" | "leases" | "sealer" | "keyRing" | "clock" | "random" | "ids";

/** The level at which operators' grants count. */
const TWO_FACTORS = "aal2";

/**
 * Makes an application in the process a client of the issuer there, with nothing to configure: the operator's own, its
 * secret from the key ring, its addresses those of the server.
 */
export function createOwnRelyingParty(
  { services, accounts, clients, issuers }: OwnRelyingPartyParts,
  { name, title, admits = everybody, ...options }: OwnRelyingPartyOptions,
): OwnRelyingParty {
  const { keyRing, backChannel, origin, store } = services;
  const { landing = "/" } = options;
  const secret = keyRing.fingerprint("oauth-own-client", name);
  const find = (tenant: string, id: string): Promise<Account | undefined> =>
    isUuid(id) ? store.read((reading) => accounts.directory.find(reading, { tenant, id })) : Promise.resolve(undefined);
  const party = createRelyingParty({
    ...{
      ...services,
      ...options,
      name,
      landing,
      landingAfterSignOut: landing,
      signsOutOthers: true,
      client: { id: name, secret },
    },
    issuer: (tenant) => issuers.originOf(tenant),
    fetchFor: (peer) => backChannel.fetchFor(peer),
    principalOf: async ({ sub, acr }, tenant) => {
      const account = await find(tenant, sub);
      if (account?.state !== "active") return undefined;
      const grants = acr === TWO_FACTORS ? account.grants : account.grants.filter((grant) => grant !== OPERATOR_GRANT);
      return admits(grants) ? { type: "user", id: sub, grants } : undefined;
    },
  });
  const { callback, backChannelLogout } = party.paths;
  clients.own.add({
    ...{ id: name, name: title, secret },
    addressesOf(tenant) {
      const issuer = issuers.originOf(tenant);
      // A tenant's pages are at its issuer, or at the address that all share.
      const origins = [...new Set([origin(), issuer])];
      const all = (path: string): readonly string[] => origins.map((each) => each + path);
      return { callbacks: all(callback), signedOut: all(landing), logout: issuer + backChannelLogout };
    },
  });
  return {
    ...party,
    async nameOf({ type, id }, tenant) {
      return type === "user" ? (await find(tenant, id))?.name : undefined;
    },
  };
}

function everybody(): boolean {
  return true;
}
