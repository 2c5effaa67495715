import type { Denial } from "../kernel/outcome.ts";
import { problems } from "../kernel/problems.ts";
import { durationText } from "./duration-text.ts";

/** Whom a denial is explained to, and when. */
export interface DenialReader {
  readonly requestId: string;
  /** Whether the browser keeps no session: it came over plain http, and not from this machine. */
  readonly sessionless: boolean;
  /** Epoch milliseconds. */
  readonly now: number;
}

/** The denial with what the one who meets it has to know besides: until when, why really, and what to do. */
export function explainDenial(denial: Denial, reader: DenialReader): Denial {
  const detail = detailOf(denial, reader);
  return detail === undefined ? denial : { ...denial, detail };
}

function detailOf({ problem, retryAfter, detail }: Denial, reader: DenialReader): string | undefined {
  switch (problem) {
    case problems.CSRF_TOKEN_INVALID:
    case problems.SESSION_EXPIRED:
      // The denial that follows from it would say nothing of a session that browsers never kept.
      return reader.sessionless
        ? "Browsers keep no session over plain http. Open this address with https, or as localhost."
        : undefined;
    case problems.SOURCE_BANNED:
      return detail ?? (retryAfter === undefined ? undefined : banDetail(retryAfter, reader));
    default:
      return undefined;
  }
}

function banDetail(seconds: number, { requestId, now }: DenialReader): string {
  const until = new Date(now + seconds * 1000).toISOString();
  return (
    `Your address or account is blocked for another ${durationText(seconds)}, ` +
    `until ${until.slice(0, 10)} ${until.slice(11, 16)} UTC. Nothing was changed; try again after that. ` +
    `If this is a mistake, tell the people who run this site the request number ${requestId}: they can lift it.`
  );
}
