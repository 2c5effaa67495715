import { z } from "zod";
import type { AnyAction } from "../../../../kernel/action.ts";
import { deny } from "../../../../kernel/outcome.ts";
import type { WriteTransaction } from "../../../../kernel/ports/store.ts";
import { problems } from "../../../../kernel/problems.ts";
import { identityEvents } from "../../../events.ts";
import { createOwnChange, OwnInput, type Changed } from "./own-action.ts";
import type { Owner } from "./owner.ts";
import type { SelfServiceParts } from "./parts.ts";
import type { SignOn } from "./sign-ons.ts";

/** All that owners do with their sessions, and with what they have allowed. */
export interface SessionChanges {
  readonly endSession: AnyAction;
  readonly endOthers: AnyAction;
  readonly withdraw: AnyAction;
}

interface Ended extends Changed {
  readonly ended: number;
}

const EndInput = OwnInput.extend({ chosen: z.string().min(1).max(100) });
const WithdrawInput = OwnInput.extend({ family: z.string().min(1).max(100) });

/** All that owners do with their sessions, and with what they have allowed. */
export function createSessionChanges(parts: SelfServiceParts): SessionChanges {
  return {
    endSession: createEndSession(parts),
    endOthers: createEndOthers(parts),
    withdraw: createWithdrawal(parts),
  };
}

/** Ending is never kept from anybody by asking who they are once more. */
const ENDING = { limit: 60, recent: false } as const;

function createEndSession(parts: SelfServiceParts): AnyAction {
  return createOwnChange<z.infer<typeof EndInput>, Ended, undefined>(parts, {
    ...{ name: "account.end-session", input: EndInput, ...ENDING },
    event: identityEvents.account_sessions_ended,
    context: (_input, { ended }) => ({ ended }),
    run: async ({ owner, input: { chosen }, transaction }) => {
      const { account } = owner;
      const ended = await end(parts, transaction, { owner, chosen: ({ id }) => id === chosen });
      if (ended > 0) return { account: account.id, ended };
      if (!(await parts.applications.end(transaction, account, chosen))) return deny(problems.NOT_FOUND);
      return { account: account.id, ended: 1 };
    },
  });
}

function createEndOthers(parts: SelfServiceParts): AnyAction {
  return createOwnChange<OwnInput, Ended, undefined>(parts, {
    ...{ name: "account.end-other-sessions", input: OwnInput, ...ENDING },
    event: identityEvents.account_sessions_ended,
    context: (_input, { ended }) => ({ ended }),
    run: async ({ owner, transaction }) => {
      const { account, visit } = owner;
      const kept = (await parts.signOns.list(transaction, account)).filter((signOn) => isOf(signOn, visit.sid));
      const keptHere = new Set(kept.flatMap(({ clients }) => clients.map(({ sid }) => sid)));
      let ended = await end(parts, transaction, { owner, chosen: (signOn) => !isOf(signOn, visit.sid) });
      for (const { session, sid } of await parts.applications.list(transaction, account)) {
        if (session === visit.session || (sid !== undefined && keptHere.has(sid))) continue;
        if (await parts.applications.end(transaction, account, session)) ended += 1;
      }
      return { account: account.id, ended };
    },
  });
}

/** Takes back what an application was allowed: its tokens are void at once, and its session ends. */
function createWithdrawal(parts: SelfServiceParts): AnyAction {
  return createOwnChange<z.infer<typeof WithdrawInput>, Changed, undefined>(parts, {
    ...{ name: "account.withdraw-grant", input: WithdrawInput, ...ENDING },
    event: identityEvents.account_grant_withdrawn,
    context: ({ family }) => ({ family }),
    run: async ({ owner: { account }, input: { family }, transaction }) => {
      if (!(await parts.grants.revokeOwn(transaction, account, family))) return deny(problems.NOT_FOUND);
      const signOns = await parts.signOns.list(transaction, account);
      const over = signOns.flatMap(({ clients }) => clients).filter((client) => client.family === family);
      const sids = new Set(over.map(({ sid }) => sid));
      for (const { session, sid } of await parts.applications.list(transaction, account)) {
        if (sid !== undefined && sids.has(sid)) await parts.applications.end(transaction, account, session);
      }
      parts.signOns.tell(transaction, account, over);
      return { account: account.id };
    },
  });
}

/** Ends sign-ons with the sessions in applications of this server that began with them; says how many sign-ons. */
async function end(
  { signOns, applications }: SelfServiceParts,
  transaction: WriteTransaction,
  { owner: { account }, chosen }: { readonly owner: Owner; readonly chosen: (signOn: SignOn) => boolean },
): Promise<number> {
  const gone = await signOns.end(transaction, account, chosen);
  const sids = new Set(gone.flatMap(({ clients }) => clients.map(({ sid }) => sid)));
  for (const { session, sid } of await applications.list(transaction, account)) {
    if (sid !== undefined && sids.has(sid)) await applications.end(transaction, account, session);
  }
  return gone.length;
}

/** Whether a visit began with a sign-on. */
export function isOf({ clients }: SignOn, sid: string | undefined): boolean {
  return sid !== undefined && clients.some((client) => client.sid === sid);
}
