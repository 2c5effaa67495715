/** Why something did not work. */
export interface RealtimeErrorDetails {
  /** The problem's code, `PERMISSION_DENIED` say; `DISCONNECTED` and `TIMED_OUT` where no answer came. */
  readonly code: string;
  /** Whether the same command may succeed later. */
  readonly temporary: boolean;
  /** Seconds after which trying again makes sense. */
  readonly retryAfter?: number;
  /** Of the attempt at the server; for its log. */
  readonly requestId?: string;
}

/** What a command, a subscription or a connection was refused with. */
export class RealtimeError extends Error implements RealtimeErrorDetails {
  override readonly name = "RealtimeError";
  readonly code: string;
  readonly temporary: boolean;
  readonly retryAfter?: number;
  readonly requestId?: string;

  constructor(message: string, { code, temporary, retryAfter, requestId }: RealtimeErrorDetails) {
    super(message);
    this.code = code;
    this.temporary = temporary;
    if (retryAfter !== undefined) this.retryAfter = retryAfter;
    if (requestId !== undefined) this.requestId = requestId;
  }
}

/** How errors of the protocol are written: code of the problem, text, and what helps to find it again. */
const WRITTEN = /^([A-Z][A-Z0-9_]*): (.*?)(?: \(request ([\w-]+)(?:, retry after (\d+) s)?\))?$/s;

/** The error that the protocol's client has thrown, in our words. Errors of other kinds stay what they are. */
export function realtimeError(thrown: unknown): Error {
  if (typeof thrown !== "object" || thrown === null || !("code" in thrown) || !("message" in thrown)) {
    return thrown instanceof Error ? thrown : new Error(String(thrown));
  }
  const { code: number, message } = thrown;
  const temporary = "temporary" in thrown && thrown.temporary === true;
  const [, code, text, requestId, seconds] = WRITTEN.exec(String(message)) ?? [];
  if (code === undefined) return ofNumber(number, String(message), temporary);
  return new RealtimeError(text ?? "", {
    ...{ code, temporary },
    ...(seconds === undefined ? {} : { retryAfter: Number(seconds) }),
    ...(requestId === undefined ? {} : { requestId }),
  });
}

/** Numbers below 100 are those of the client itself. */
const TIMED_OUT = 1;

function ofNumber(number: unknown, message: string, temporary: boolean): RealtimeError {
  if (number === TIMED_OUT) return new RealtimeError("No answer came in time.", { code: "TIMED_OUT", temporary: true });
  const code = typeof number === "number" && number < 100 ? "DISCONNECTED" : "REALTIME_ERROR";
  return new RealtimeError(message, { code, temporary: temporary || code === "DISCONNECTED" });
}
