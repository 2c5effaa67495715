import { ServerResponse, type IncomingMessage } from "node:http";
import { Socket } from "node:net";
import { Attachment } from "../kernel/attachment.ts";

/** The last request with a body on a connection. */
const latest = new Attachment<Socket, IncomingMessage>();
/** How a head is written where a framework has put a method of its own in the place of Node's. */
const replaced = new Attachment<ServerResponse, ServerResponse["writeHead"]>();
/** Bytes of an unread body that are received and thrown away, while its sender reads the answer. */
const MOST_DISCARDED = 65_536;
/** Milliseconds in which a sender can read its answer before the connection is cut. */
const LINGER = 500;

/**
 * Bounds what is still received of a body after its request has been answered. Left to itself Node receives all of it,
 * however much that is, or where the connection ends with the answer closes at once: that resets the connection under a
 * sender, or a proxy, that has not read the answer yet. So a little is thrown away, what lies beyond it stays in the
 * network, and the connection is cut after a while. That the connection ends is said in the answer to a request whose
 * body has not arrived completely by then: its sender must not send another one behind it. Call it before the request is
 * served.
 */
export function boundUnreadBody(message: IncomingMessage, response: ServerResponse): void {
  const length = lengthOf(message);
  if (message.complete || length === 0) return;
  const { socket } = message;
  // Tells Node that somebody reads this message: it will not empty it by itself then.
  message.read(0);
  endUnlessComplete(response);
  if (latest.get(socket) === undefined) socket.destroySoon = endSoon;
  latest.set(socket, message);
  response.once("close", () => {
    if (!message.complete && !message.destroyed) linger(message);
  });
}

/** What Node calls once it has sent an answer that ends the connection. One function serves all requests. */
function endSoon(this: Socket): void {
  if (latest.get(this)?.complete === false) this.end();
  else Socket.prototype.destroySoon.call(this);
}

/**
 * Asks for the body of a request that waits to be asked (`Expect: 100-continue`, RFC 9110 section 10.1.1) when somebody
 * begins to read it, and not at all where the request is answered by its head alone.
 */
export function continueWhenRead(message: IncomingMessage, response: ServerResponse): void {
  message.once("resume", () => {
    if (!response.headersSent && !response.destroyed) response.writeContinue();
  });
}

/** Lets the answer announce the end of the connection where, when it begins, the body has not arrived completely. */
function endUnlessComplete(response: ServerResponse): void {
  if (Object.hasOwn(response, "writeHead")) replaced.set(response, response.writeHead);
  response.writeHead = writeHead;
}

function writeHead(this: ServerResponse, ...head: unknown[]): ServerResponse {
  if (!this.req.complete) this.shouldKeepAlive = false;
  // What the caller has passed, in whichever of its forms.
  return Reflect.apply(replaced.get(this) ?? ServerResponse.prototype.writeHead, this, head) as ServerResponse;
}

/** Bytes of the body; infinite where its end is not told before. */
function lengthOf({ headers }: IncomingMessage): number {
  return headers["transfer-encoding"] === undefined ? Number(headers["content-length"] ?? 0) : Infinity;
}

function linger(message: IncomingMessage): void {
  const { socket } = message;
  let left = MOST_DISCARDED;
  const timer = setTimeout(() => socket.destroy(), LINGER);
  message.on("data", (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) message.pause();
  });
  message.once("close", () => {
    clearTimeout(timer);
    if (socket.writableEnded) socket.destroy();
  });
  message.resume();
}
