import type { AuthenticationResponseJSON, RegistrationResponseJSON } from "@simplewebauthn/server";
import type { EventDefinition } from "../../kernel/event.ts";
import { deny, type Denial } from "../../kernel/outcome.ts";
import type { AccountKey } from "../../kernel/ports/accounts.ts";
import type { Store, WriteTransaction } from "../../kernel/ports/store.ts";
import { identityEvents } from "../events.ts";
import { accountProblems } from "../problems.ts";
import type { CeremonyPlace, CeremonySubject, PasskeyChallenges } from "./passkey-challenges.ts";

/**
 * Signatures that are accepted, by their COSE numbers: Ed25519, ECDSA with P-256 and RSA, which is what authenticators
 * have. Asking the library for its defaults makes Node warn of experiments.
 */
export const PASSKEY_ALGORITHMS: readonly number[] = [-8, -7, -257];

/** A ceremony that is to begin. */
export interface PreparedCeremony<Options extends { readonly challenge: string }> {
  readonly place: CeremonyPlace;
  readonly subject: CeremonySubject;
  readonly options: Options;
}

/** What a browser sends at the end of a ceremony, and where it was. */
export interface CeremonyAnswer<Response> {
  readonly place: CeremonyPlace;
  readonly response: Response;
  readonly read: Store["read"];
}

/** Begins a ceremony: its options, for the browser. */
export async function beginCeremony<Options extends { readonly challenge: string }>(
  challenges: PasskeyChallenges,
  writing: WriteTransaction,
  { place, subject, options }: PreparedCeremony<Options>,
): Promise<Options> {
  await challenges.issue(writing, { place, subject, challenge: options.challenge });
  return options;
}

/** Refuses a passkey. */
export function refusePasskey(
  context: { readonly reason: string; readonly account?: string },
  event: EventDefinition = identityEvents.authn_passkey_fail,
): Denial {
  return deny(accountProblems.PASSKEY_REFUSED, { event, context });
}

/** The verifier throws what is wrong with an answer; a browser's mistake is no failure of ours. */
export async function verifying<Result>(verify: () => Promise<Result>): Promise<Result | Denial> {
  try {
    return await verify();
  } catch {
    return refusePasskey({ reason: "signature" });
  }
}

/** The challenge an answer says it is for; empty where it says none. */
export function challengeOf(response: RegistrationResponseJSON | AuthenticationResponseJSON): string {
  try {
    const text = Buffer.from(response.response.clientDataJSON, "base64url").toString("utf8");
    const data: unknown = JSON.parse(text);
    if (typeof data !== "object" || data === null || !("challenge" in data)) return "";
    return typeof data.challenge === "string" ? data.challenge : "";
  } catch {
    return "";
  }
}

/** The library, once somebody comes with a passkey: reading it costs a start a sixth of its time. */
export function webauthn(): Promise<typeof import("@simplewebauthn/server")> {
  return import("@simplewebauthn/server");
}

/** What a passkey belongs to: the host of the page. */
export function relyingPartyOf({ origin }: CeremonyPlace): string {
  return new URL(origin).hostname;
}

/** Whether two accounts are one. */
export function same(one: AccountKey, other: AccountKey): boolean {
  return one.tenant === other.tenant && one.id === other.id;
}
