import type { AccountServices } from "../../identity/accounts/accounts.ts";
import type { ClientServices } from "../../identity/clients/clients.ts";
import type { Grants } from "../../identity/grants/grants.ts";
import type { Issuers } from "../../identity/issuers.ts";
import type { KeyKeeper } from "../../identity/keys/key-keeper.ts";
import type { Authentication } from "../../kernel/attempt.ts";
import type { AccessTokens } from "../../kernel/ports/access-tokens.ts";
import type { Factors } from "../../kernel/ports/accounts.ts";
import type { Mailer } from "../../kernel/ports/mail.ts";
import type { OAuthArtifacts } from "../../kernel/ports/oauth-artifacts.ts";
import type { OAuthGrants } from "../../kernel/ports/oauth-grants.ts";
import type { ReadTransaction } from "../../kernel/ports/store.ts";
import type { OwnRelyingParty, OwnRelyingPartyOptions } from "./own-relying-party.ts";

/** The identity provider, for what signs people in and for applications that let it. */
export interface IdentityServices {
  /** Await `issuers.ready()` before `issuers.of(tenant)`. */
  readonly issuers: Issuers;
  readonly accounts: AccountServices;
  readonly clients: ClientServices;
  readonly factors: Factors;
  readonly artifacts: OAuthArtifacts;
  /** What people have allowed applications: to list and to end. */
  readonly grants: Grants;
  readonly grantRecord: OAuthGrants;
  /** The keys that tokens are signed with. */
  readonly keys: KeyKeeper;
  readonly mailer: Mailer;
  /** Looks access tokens up: `issuerInProcess` of `gatehouse/oauth` takes it. */
  readonly accessTokens: AccessTokens;
  /** Milliseconds in which a refresh token that was used up is answered as the first time. */
  readonly grace: number;
  /**
   * How somebody has signed in whose session began with a sign-in to an application of this server; `undefined` where it
   * did not. When a session began says nothing of that: whoever is known to the issuer gets new ones without a question.
   */
  authenticationOf(reading: ReadTransaction, tenant: string, session: string): Promise<Authentication | undefined>;
  /** Lets an application of this server sign people in here; to be called while it is opened. */
  relyingParty(options: OwnRelyingPartyOptions): OwnRelyingParty;
}
