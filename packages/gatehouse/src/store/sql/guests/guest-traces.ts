import type { GuestTraces } from "../../../kernel/ports/guest-traces.ts";
import type { ResumableUploads } from "../../../kernel/ports/resumable-uploads.ts";
import { portableStatement } from "../statement.ts";

interface CountRow {
  readonly count: number | string;
}

const SESSIONS_OF = "SELECT id FROM sessions WHERE tenant = $1 AND principal_type = 'guest' AND principal_id = $2";
const TOKENS_OF = "SELECT id FROM join_tokens WHERE tenant = $1";
const INVITATIONS = portableStatement(
  `SELECT token FROM join_token_guests WHERE guest = $2 AND token IN (${TOKENS_OF}) ORDER BY token`,
);
const SESSIONS = portableStatement(`${SESSIONS_OF} ORDER BY id`);
const UPLOADS = portableStatement(
  "SELECT count(*) AS count FROM media_uploads WHERE tenant = $1 AND owner_type = 'guest' AND owner_id = $2",
);
const SHARES = portableStatement(
  "SELECT count(*) AS count FROM media_upload_shares WHERE tenant = $1 AND owner_type = 'guest' AND owner_id = $2",
);
const LIVE_STATES = portableStatement(
  `SELECT count(*) AS count FROM documents WHERE kind = 'live-state' AND tenant = $1 AND owner IN (${SESSIONS_OF})`,
);
const RECEIVING = portableStatement(
  `SELECT id FROM media_uploads
   WHERE tenant = $1 AND owner_type = 'guest' AND owner_id = $2 AND state = 'receiving' ORDER BY id`,
);
/** Housekeeping deletes what is stored of them, and the rows: whatever is said in them goes now. */
const ERASE_UPLOADS = portableStatement(
  `UPDATE media_uploads SET owner_type = 'erased', owner_id = '-', source = NULL, name = '', declared_type = NULL,
     metadata = '', expires_at = $3 WHERE tenant = $1 AND owner_type = 'guest' AND owner_id = $2`,
);
const ERASE = [
  `DELETE FROM documents WHERE kind = 'live-state' AND tenant = $1 AND owner IN (${SESSIONS_OF})`,
  "DELETE FROM sessions WHERE tenant = $1 AND principal_type = 'guest' AND principal_id = $2",
  "DELETE FROM media_upload_shares WHERE tenant = $1 AND owner_type = 'guest' AND owner_id = $2",
  `DELETE FROM join_token_guests WHERE guest = $2 AND token IN (${TOKENS_OF})`,
].map(portableStatement);

/** What is kept of guests, in the tables of several modules. */
export function createGuestTraces({ uploads }: { readonly uploads: Pick<ResumableUploads, "end"> }): GuestTraces {
  return {
    async find(transaction, { tenant, guest }) {
      const values = [tenant, guest];
      const invitations = await transaction.execute<{ readonly token: string }>(INVITATIONS, values);
      const sessions = await transaction.execute<{ readonly id: string }>(SESSIONS, values);
      const counts: number[] = [];
      for (const statement of [UPLOADS, SHARES, LIVE_STATES]) {
        const [row] = await transaction.execute<CountRow>(statement, values);
        counts.push(Number(row?.count ?? 0));
      }
      const [sent = 0, shares = 0, liveStates = 0] = counts;
      if (invitations.length + sessions.length + sent + shares + liveStates === 0) return undefined;
      return {
        invitations: invitations.map(({ token }) => token),
        sessions: sessions.map(({ id }) => id),
        uploads: sent,
        liveStates,
      };
    },
    async erase(transaction, { tenant, guest }) {
      const receiving = await transaction.execute<{ readonly id: string }>(RECEIVING, [tenant, guest]);
      // It gives back what they held of the room of their grants.
      for (const { id } of receiving) await uploads.end(transaction, { id, kept: 0 });
      await transaction.execute(ERASE_UPLOADS, [tenant, guest, await transaction.now()]);
      for (const statement of ERASE) await transaction.execute(statement, [tenant, guest]);
    },
  };
}
