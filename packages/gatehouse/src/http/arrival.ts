import type { IncomingMessage } from "node:http";

interface Waiting {
  timer: NodeJS.Timeout;
  /** Milliseconds the body may take. */
  bound: number;
  readonly expire: () => void;
}

const waiting = new WeakMap<IncomingMessage, Waiting>();

/**
 * Bounds the time in which the body of a request arrives, as Node's `requestTimeout` does, but for each request alone:
 * `allowTime` gives one of them more. It begins when somebody reads the body: until then no sender can send more than
 * connections hold, however fast it is. `expired` is told as Node's `clientError` listeners are.
 */
export function boundArrival(
  message: IncomingMessage,
  timeout: number,
  expired: (error: Error & { readonly code: string }) => void,
): void {
  const { headers } = message;
  const empty = headers["transfer-encoding"] === undefined && Number(headers["content-length"] ?? 0) === 0;
  if (timeout === 0 || empty || message.complete) return;
  const expire = (): void => {
    if (message.complete) return;
    if (message.readableFlowing === null) begin(entry);
    else expired(Object.assign(new Error("request timeout"), { code: "ERR_HTTP_REQUEST_TIMEOUT" }));
  };
  const entry = { timer: setTimeout(expire, timeout).unref(), bound: timeout, expire };
  waiting.set(message, entry);
  const done = (): void => {
    waiting.delete(message);
    clearTimeout(entry.timer);
  };
  message
    .once("resume", () => begin(entry))
    .once("end", done)
    .once("close", done);
}

/** Gives the body of one request so many milliseconds from now. */
export function allowTime(message: IncomingMessage, milliseconds: number): void {
  const entry = waiting.get(message);
  if (entry === undefined) return;
  entry.bound = milliseconds;
  begin(entry);
}

function begin(entry: Waiting): void {
  clearTimeout(entry.timer);
  entry.timer = setTimeout(entry.expire, entry.bound).unref();
}
