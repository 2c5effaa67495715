import { z } from "zod";
import type { SessionIdentity, SessionScope } from "../../http/session-scope.ts";
import { defineAction, type AnyAction } from "../../kernel/action.ts";
import type { Clock } from "../../kernel/clock.ts";
import { deny, isDenial, type Denial } from "../../kernel/outcome.ts";
import { problems } from "../../kernel/problems.ts";
import { relyingPartyEvents } from "./events.ts";
import { exchangeCode, type Exchanged } from "./exchange.ts";
import { denialOfIssuer } from "./issuer-failure.ts";
import type { Login } from "./logins.ts";
import { requirementOf, type Party } from "./party.ts";
import type { PendingSignIn } from "./pending-sign-ins.ts";
import { relyingPartyProblems } from "./problems.ts";
import type { Redeemed } from "./redemptions.ts";

/** Where somebody goes on who has signed in. */
export interface FinishedSignIn {
  readonly returnTo: string;
  readonly principal: string;
  /** What the browser is to show from now on, where that is not for the edge to say. */
  readonly credential?: string | undefined;
}

/** Who comes in: for the first time, or again because the answer to it was lost. */
type Entry = { readonly before: Redeemed; readonly returnTo: string } | FirstEntry;

interface FirstEntry {
  readonly identity: SessionIdentity;
  readonly login: Login;
  readonly returnTo: string;
}

const Input = z.object({
  url: z.instanceof(URL),
  pending: z.custom<PendingSignIn>().optional(),
  /** The browser's session, where it is not the edge's. */
  before: z.string().optional(),
  agent: z.string().max(200),
});
const MINUTE = 60_000;
const { SIGN_IN_INTERRUPTED, SIGN_IN_UNAVAILABLE } = relyingPartyProblems;

/** Coming back from the issuer: ends in a session under a new cookie. */
export function createFinish(party: Party, { clock }: { readonly clock: Clock }): AnyAction {
  return defineAction({
    name: `${party.name}.finish`,
    entrances: ["oauth"],
    effects: "store",
    authorise: "public",
    idempotency: false,
    limits: [{ name: `${party.name}.finish`, by: ["ip"], rule: { kind: "window", limit: 60, window: MINUTE } }],
    input: Input,
    audit: { event: relyingPartyEvents.oauth_signed_in, target: (_input, { principal }: FinishedSignIn) => principal },
    prepare: async ({ attempt: { tenant, peer }, input: { url, pending, agent } }): Promise<Entry | Denial> => {
      if (pending === undefined) return interrupted();
      const signIn = { tenant, state: pending.state };
      const redemption = await party.redemptions.claim(signIn);
      if (redemption.state === "over") return interrupted();
      const { returnTo } = pending;
      if (redemption.state === "redeemed") return { before: redemption.before, returnTo };
      const entry = await party.issuers.within(peer, () => enter(party, { tenant, url, pending, now: clock.now() }));
      if (!isDenial(entry)) return { ...entry, login: { ...entry.login, at: clock.now(), ip: peer.ip, agent } };
      await (entry.problem === SIGN_IN_UNAVAILABLE
        ? party.redemptions.release(signIn)
        : party.redemptions.close(signIn));
      return entry;
    },
    run: async ({ attempt, transaction, input: { pending, before }, prepared }) => {
      const known = await reenter(party, { attempt, transaction }, prepared);
      if (isDenial(known)) return known;
      const { identity, login } = known;
      const begun = await party.sessions.begin({ attempt, transaction }, { identity, login, before });
      if (isDenial(begun)) return begun;
      const { session, credential } = begun;
      const { tenant } = attempt;
      await party.logins.keep(transaction, { tenant, session }, login);
      await party.redemptions.redeem(transaction, { tenant, state: pending?.state ?? "" }, { identity, session });
      return { returnTo: prepared.returnTo, principal: identity.id, credential };
    },
  });
}

async function enter(
  party: Party,
  {
    tenant,
    url,
    pending,
    now,
  }: { readonly tenant: string; readonly url: URL; readonly pending: PendingSignIn; readonly now: number },
): Promise<FirstEntry | Denial> {
  let exchanged: Exchanged | Denial;
  try {
    const options = { ...party, requirement: requirementOf(party, pending.demand) };
    exchanged = await exchangeCode(await party.issuers.of(party.issuerOf(tenant)), { url, pending }, options);
  } catch (error) {
    return denialOfIssuer(error);
  }
  if (isDenial(exchanged)) return exchanged;
  const { claims, idToken, tokens } = exchanged;
  const identity = await party.principalOf(claims, tenant);
  const event = relyingPartyEvents.oauth_sign_in_fail;
  if (identity === undefined) return deny(problems.PERMISSION_DENIED, { event, context: { reason: "unknown here" } });
  const { lifetime, ...kept } = tokens;
  const login = {
    ...{ subject: claims.sub, idToken },
    ...(typeof claims["sid"] === "string" ? { sid: claims["sid"] } : {}),
    ...(typeof claims.auth_time === "number" ? { authTime: claims.auth_time } : {}),
    ...(typeof claims["acr"] === "string" ? { acr: claims["acr"] } : {}),
    ...(party.keepTokens ? { tokens: { ...kept, expiresAt: now + lifetime } } : {}),
  };
  return { identity, login, returnTo: pending.returnTo };
}

/** Whoever asks again takes the place of the session that began the first time; where that has ended, it is over. */
async function reenter(
  party: Party,
  { attempt: { tenant }, transaction }: SessionScope,
  entry: Entry,
): Promise<{ readonly identity: SessionIdentity; readonly login: Login } | Denial> {
  if ("identity" in entry) return entry;
  const { identity, session } = entry.before;
  const login = await party.logins.end(transaction, { tenant, session });
  if (login === undefined) return interrupted();
  await party.sessions.end(transaction, tenant, session);
  return { identity, login };
}

function interrupted(): Denial {
  return deny(SIGN_IN_INTERRUPTED, { event: relyingPartyEvents.oauth_sign_in_replayed });
}
