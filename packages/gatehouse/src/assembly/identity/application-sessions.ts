import type { EdgeSessions } from "../../http/edge-sessions.ts";
import { userAgentFamily } from "../../identity/grants/user-agent.ts";
import type {
  ApplicationSession,
  ApplicationSessions,
} from "../../identity/screens/account/own/application-sessions.ts";
import type { Visits } from "../../identity/screens/account/own/visits.ts";
import type { Clock } from "../../kernel/clock.ts";
import type { AccountKey } from "../../kernel/ports/accounts.ts";
import type { Sessions } from "../../kernel/ports/sessions.ts";
import type { ReadTransaction } from "../../kernel/ports/store.ts";
import type { OwnRelyingParty } from "./own-relying-party.ts";

/** An application of this server that signs people in. */
export interface KnownApplication {
  readonly name: string;
  readonly title: string;
  readonly party: Pick<OwnRelyingParty, "signInsOf" | "authenticationOf" | "endSession">;
}

/** What sessions in applications are found with. */
export interface ApplicationSessionsParts {
  /** Those that have been opened so far. */
  readonly known: () => readonly KnownApplication[];
  readonly sessions: Pick<Sessions, "find">;
  readonly edgeSessions: Pick<EdgeSessions, "idle">;
  readonly visits: Pick<Visits, "find">;
  readonly clock: Clock;
}

/** The sessions of people in all applications of the server. */
export function createApplicationSessions(parts: ApplicationSessionsParts): ApplicationSessions {
  const { known } = parts;
  return {
    async list(reading, account) {
      const found: ApplicationSession[] = [];
      for (const { name, title, party } of known()) {
        for (const { session, sid, at, ip, agent } of await party.signInsOf(reading, account.tenant, account.id)) {
          const seenAt = await lastSeen(parts, reading, { account, session, at });
          if (seenAt === undefined) continue;
          const place = agent === undefined ? {} : { agent: userAgentFamily(agent).name };
          found.push({ ...{ client: name, title, session, sid, beganAt: at, seenAt, ip }, ...place });
        }
      }
      return found;
    },
    async end(writing, { tenant, id: subject }, session) {
      for (const { party } of known()) if (await party.endSession(writing, { tenant, subject }, session)) return true;
      return false;
    },
  };
}

/** When a session was last used; `undefined` where it is over. */
async function lastSeen(
  { sessions, edgeSessions, visits, clock }: ApplicationSessionsParts,
  reading: ReadTransaction,
  {
    account,
    session,
    at = 0,
  }: { readonly account: AccountKey; readonly session: string; readonly at?: number | undefined },
): Promise<number | undefined> {
  const found = await sessions.find(reading, session);
  if (found === undefined) {
    return (await visits.find(reading, account.tenant, session)) === undefined ? undefined : at;
  }
  const now = clock.now();
  const isOver = found.endedAt !== undefined || found.expiresAt <= now || now - found.seenAt >= edgeSessions.idle;
  return isOver || found.principalId !== account.id ? undefined : found.seenAt;
}
