import { events } from "../../kernel/events.ts";
import { deny, type Denial } from "../../kernel/outcome.ts";
import type { EmergencyMode } from "../../kernel/ports/emergency.ts";
import type { ResumableShortage } from "../../kernel/ports/resumable-uploads.ts";
import { StoreUnavailableError } from "../../kernel/ports/store.ts";
import type { Problem } from "../../kernel/problem.ts";
import { problems } from "../../kernel/problems.ts";
import { uploadEvents } from "./events.ts";
import { uploadProblems } from "./problems.ts";

/** The denial of an upload, with what is to be said about it. `detail` is public and never quotes the request. */
export function refuse(problem: Problem, detail?: string, more: Partial<Denial> = {}): Denial {
  const told = detail === undefined ? {} : { detail };
  return deny(problem, { event: uploadEvents.media_upload_refused, ...told, ...more });
}

/** The same whether there is no such upload or it is somebody else's. */
export function notThere(): Denial {
  return deny(problems.NOT_FOUND, { event: uploadEvents.media_upload_foreign });
}

/** The denial of content for another place than the one the upload has reached. */
export function otherOffset(expected: number, provided: number): Denial {
  return refuse(uploadProblems.UPLOAD_OFFSET_MISMATCH, `The upload goes on from byte ${expected}.`, {
    headers: { "upload-offset": String(expected) },
    extensions: { "expected-offset": expected, "provided-offset": provided },
  });
}

/** The denial of lengths that contradict each other. */
export function inconsistent(detail: string): Denial {
  return refuse(uploadProblems.UPLOAD_LENGTH_INCONSISTENT, detail);
}

/** The denial of a request that has to give way to a newer one for the same upload. */
export function overtaken(): Denial {
  return refuse(uploadProblems.UPLOAD_OVERTAKEN, undefined, { retryAfter: 1 });
}

/**
 * The denial of what begins while an operator has uploads paused. A request that is bringing its last bytes already ends
 * as it would have.
 */
export function whilePaused(emergency: EmergencyMode): Denial | undefined {
  return emergency.isOn("uploads-paused")
    ? refuse(uploadProblems.UPLOADS_PAUSED, undefined, { retryAfter: 60 })
    : undefined;
}

/** The denial of what there is no room for; `writer`: somebody else goes on with the upload by now. */
export function shortage(of: ResumableShortage | "writer"): Denial {
  if (of === "writer") return overtaken();
  const problem = SHORTAGES[of];
  const retryAfter = problem === uploadProblems.UPLOADS_OPEN ? { retryAfter: 60 } : {};
  return refuse(problem, undefined, { context: { of }, ...retryAfter });
}

const SHORTAGES = {
  files: uploadProblems.UPLOADS_EXHAUSTED,
  bytes: uploadProblems.UPLOADS_EXHAUSTED,
  share: uploadProblems.UPLOADS_SHARE_EXHAUSTED,
  owner: uploadProblems.UPLOADS_OPEN,
  grant: uploadProblems.UPLOADS_OPEN,
  source: uploadProblems.UPLOADS_OPEN,
} as const satisfies Record<ResumableShortage, Problem>;

/** The denial while too much is being received. */
export function busy(): Denial {
  return refuse(uploadProblems.UPLOADS_BUSY, undefined, { retryAfter: 2 });
}

/** The denial of what could not be stored. */
export function failed(error: unknown, report: (error: unknown) => void): Denial {
  if (error instanceof StoreUnavailableError) {
    const context = { store: error.store };
    return deny(problems.STORE_UNAVAILABLE, { retryAfter: 1, event: events.store_unavailable, context });
  }
  // Errors of the file system carry their code.
  const { code } = error as NodeJS.ErrnoException;
  const isFull = code === "ENOSPC" || code === "EDQUOT";
  if (!isFull) report(error);
  const problem = isFull ? uploadProblems.UPLOAD_STORAGE_FULL : uploadProblems.UPLOAD_STORAGE_FAILED;
  const context = { code: code ?? "unknown" };
  return deny(problem, { retryAfter: isFull ? 60 : 1, event: uploadEvents.media_upload_failed, context });
}
