import type { IncomingMessage } from "node:http";

interface Waiting {
  timer: NodeJS.Timeout;
  readonly expire: () => void;
}

const waiting = new WeakMap<IncomingMessage, Waiting>();

/**
 * Bounds the time in which the body of a request arrives, as Node's `requestTimeout` does, but for each request alone:
 * `allowTime` gives one of them more. `expired` is told as Node's `clientError` listeners are.
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
    if (!message.complete) expired(Object.assign(new Error("request timeout"), { code: "ERR_HTTP_REQUEST_TIMEOUT" }));
  };
  const entry = { timer: setTimeout(expire, timeout).unref(), expire };
  waiting.set(message, entry);
  const done = (): void => {
    waiting.delete(message);
    clearTimeout(entry.timer);
  };
  message.once("end", done).once("close", done);
}

/** Gives the body of one request so many milliseconds from now. */
export function allowTime(message: IncomingMessage, milliseconds: number): void {
  const entry = waiting.get(message);
  if (entry === undefined) return;
  clearTimeout(entry.timer);
  entry.timer = setTimeout(entry.expire, milliseconds).unref();
}
