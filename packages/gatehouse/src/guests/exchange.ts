import { z } from "zod";
import type { EdgeSessions } from "../http/edge-sessions.ts";
import { defineAction, type ActionContext, type AnyAction } from "../kernel/action.ts";
import { INVITATION_GRANT, type Attempt, type Principal } from "../kernel/attempt.ts";
import type { Ids } from "../kernel/ids.ts";
import type { KeyRing } from "../kernel/key-ring.ts";
import { deny, type Denial } from "../kernel/outcome.ts";
import type { FoundJoinToken, JoinTokens } from "../kernel/ports/join-tokens.ts";
import type { ReadTransaction } from "../kernel/ports/store.ts";
import type { Problem } from "../kernel/problem.ts";
import { guestEvents } from "./events.ts";
import { joinTokensOf } from "./grants.ts";
import type { JoinTokenBook } from "./join-token-book.ts";
import { exchangeLimits, type GuestLimitSettings } from "./limits.ts";
import { guestProblems } from "./problems.ts";
import { isLegacyText, type LegacyLookUp, type LegacyToken } from "./legacy.ts";
import { isTokenText } from "./token-text.ts";
import type { JoinTokenUsage } from "./usage.ts";

/** Who has come in. */
export interface Joined {
  /** Identifier of the token, no secret. */
  readonly token: string;
  readonly collection: string;
  /** Identifier of the guest. */
  readonly guest: string;
  /** Whether this guest was counted before. */
  readonly again: boolean;
}

/** What coming in is made with. */
export interface ExchangeParts {
  readonly book: JoinTokenBook;
  readonly tokens: JoinTokens;
  readonly usage: JoinTokenUsage;
  readonly sessions: () => EdgeSessions;
  readonly keyRing: KeyRing;
  readonly ids: Ids;
  readonly limits: GuestLimitSettings;
  readonly legacy: LegacyLookUp | undefined;
}

/** Name of the action by which guests come in. */
export const EXCHANGE = "guest.exchange";
/** Tokens one guest may have come in by: the oldest are left behind. */
const MOST_TOKENS = 8;

const Input = z.strictObject({
  token: z.string().min(1).max(200),
  /** Which guest the browser was before, where it can prove it. */
  before: z.string().max(64).optional(),
});

type Input = z.infer<typeof Input>;
type Context = ActionContext<Input, "store", LegacyToken | undefined>;

/**
 * Exchanges a join token for the session of a guest. Every guest is somebody of their own; who comes again in the same
 * browser is the same guest.
 */
export function createExchange(parts: ExchangeParts): AnyAction {
  return defineAction({
    name: EXCHANGE,
    entrances: ["http"],
    input: Input,
    effects: "store",
    // A cookie is part of the answer, and it is never kept.
    idempotency: false,
    authorise: "public",
    limits: exchangeLimits(parts.limits),
    audit: {
      event: guestEvents.guest_joined,
      target: (_input, { token }: Joined) => token,
      context: (_input, { collection, guest, again }) => ({ collection, guest, again }),
    },
    prepare: ({ attempt: { tenant }, input: { token }, read }) =>
      read((transaction) => unadopted(parts, transaction, { tenant, text: token })),
    run: (context) => exchange(parts, context),
  });
}

/** The token of a text that is still in the earlier system's table. */
async function unadopted(
  { book, legacy }: ExchangeParts,
  transaction: ReadTransaction,
  { tenant, text }: { readonly tenant: string; readonly text: string },
): Promise<LegacyToken | undefined> {
  if (legacy?.isOpen() !== true || isTokenText(text) || !isLegacyText(text)) return undefined;
  if ((await book.findByText(transaction, tenant, text)) !== undefined) return undefined;
  return legacy.find(transaction, tenant, text);
}

async function exchange(parts: ExchangeParts, context: Context): Promise<Joined | Denial> {
  const { attempt, principal, transaction, input, prepared } = context;
  if (principal.type !== "anonymous" && principal.type !== "guest") return deny(guestProblems.JOIN_AS_USER);
  if (prepared !== undefined) await parts.legacy?.adopt(transaction, prepared);
  const found = await parts.book.findByText(transaction, attempt.tenant, input.token);
  if (found === undefined) return refuse(guestProblems.JOIN_TOKEN_UNKNOWN);
  const { token, standing } = found;
  if (standing !== "good") return refuse(ENDED[standing], token.id);
  const { id, collection } = token;
  const guest = guestOf(parts, context);
  const entry = await parts.tokens.join(transaction, { tenant: attempt.tenant, id, guest });
  if (entry === "full") return refuse(guestProblems.JOIN_TOKEN_FULL, id);
  if (entry === "ended") return refuse(guestProblems.JOIN_TOKEN_EXPIRED, id);
  const joined = { token: id, collection, guest, again: entry === "again" };
  if (joinTokensOf(principal).includes(id)) return joined;
  const identity = { type: "guest", id: guest, grants: grantsWith(principal, id) } as const;
  const { session } = await parts.sessions().login({ attempt, transaction }, identity);
  if (!joined.again) transaction.afterCommit(() => parts.usage.record(id, { joins: 1, session }));
  return joined;
}

const ENDED = {
  expired: guestProblems.JOIN_TOKEN_EXPIRED,
  revoked: guestProblems.JOIN_TOKEN_REVOKED,
  replaced: guestProblems.JOIN_TOKEN_REVOKED,
} as const satisfies Record<Exclude<FoundJoinToken["standing"], "good">, Problem>;

function refuse(problem: Problem, token?: string): Denial {
  return deny(problem, { event: guestEvents.guest_join_fail, context: { join: token } });
}

/**
 * Who a guest is: as before in this session or this browser. For a new browser it follows from the session that its
 * page began, so that the second of two clicks, which is under way with the same session, is not another guest.
 */
function guestOf({ keyRing, ids }: ExchangeParts, { attempt, principal, input }: Context): string {
  if (principal.type === "guest") return principal.id;
  if (input.before !== undefined) return input.before;
  const session = sessionOf(attempt);
  return session === undefined ? ids.next() : keyRing.fingerprint("guest", attempt.tenant, session);
}

function sessionOf({ credentials }: Attempt): string | undefined {
  for (const credential of credentials) if (credential.kind === "session") return credential.id;
  return undefined;
}

function grantsWith({ type, grants }: Principal, token: string): readonly string[] {
  const before = type === "guest" ? [...grants] : [];
  const tokens = before.filter((grant) => grant.startsWith(INVITATION_GRANT));
  const others = before.filter((grant) => !grant.startsWith(INVITATION_GRANT));
  // The newest first: limits count by it.
  return [INVITATION_GRANT + token, ...tokens.slice(0, MOST_TOKENS - 1), ...others];
}
