import { ServerResponse, type IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { allowTime } from "./arrival.ts";
import type { Connection } from "./inbound.ts";
import { readMessage } from "./message-body.ts";

/** The connection below a Node request. */
export function connectionOfMessage(message: IncomingMessage): Connection {
  return {
    ...connectionOfSocket(message.socket),
    target: message.url,
    allowTime: (milliseconds) => allowTime(message, milliseconds),
    body: () => readMessage(message),
  };
}

/** The connection of a socket on which no request has been read. */
export function connectionOfSocket(socket: Socket): Connection {
  return { address: socket.remoteAddress, encrypted: socket instanceof TLSSocket };
}

/**
 * The connection in the environment of a Hono handler: the edge's own, or the Node request that
 * `@hono/node-server` passes along.
 * @throws {TypeError} when there is neither: the client's address would be a guess.
 */
export function connectionOf(environment: unknown): Connection {
  if (typeof environment === "object" && environment !== null) {
    // What `connection` and `incoming` hold is fixed by the edge and by @hono/node-server.
    const { connection, incoming } = environment as { connection?: Connection; incoming?: IncomingMessage };
    if (connection !== undefined) return connection;
    if (incoming !== undefined) return connectionOfMessage(incoming);
  }
  throw new TypeError("The client's address is unknown: serve the application with edge.handler or @hono/node-server.");
}

/**
 * What closes the connection below a request, whose answer is not being taken, by the environment of a Hono handler.
 * It does nothing once the answer has been sent. `undefined` where something else than Node's server sends it.
 */
export function cutterOf(environment: unknown): (() => void) | undefined {
  if (typeof environment !== "object" || environment === null || !("outgoing" in environment)) return undefined;
  const { outgoing } = environment;
  if (!(outgoing instanceof ServerResponse)) return undefined;
  return () => {
    if (!outgoing.writableFinished) outgoing.destroy();
  };
}

/** What an interim answer is made of. */
export interface InterimAnswer {
  readonly status: number;
  readonly reason: string;
  readonly fields: Readonly<Record<string, string>>;
}

/**
 * Sends interim answers (RFC 9110 section 15.2) ahead of the answer to a request, by the environment of a Hono handler.
 * `undefined` where something else than Node's server over HTTP/1.1 sends it, or an older HTTP is spoken. It does nothing
 * once the answer has begun.
 */
export function interimOf(environment: unknown): ((answer: InterimAnswer) => void) | undefined {
  if (typeof environment !== "object" || environment === null || !("outgoing" in environment)) return undefined;
  const { outgoing } = environment;
  if (!(outgoing instanceof ServerResponse)) return undefined;
  if (messageIn(environment)?.httpVersion !== "1.1") return undefined;
  return ({ status, reason, fields }) => {
    if (outgoing.headersSent || outgoing.destroyed) return;
    const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
    // Node 24 has no method for statuses it does not know; a response has its socket when it is its turn.
    outgoing.socket?.write(`HTTP/1.1 ${status} ${reason}\r\n${lines.join("")}\r\n`);
  };
}

/** The trailer fields of a request whose body has been read, by the environment of a Hono handler. */
export function trailersOf(environment: unknown): Readonly<Record<string, string | undefined>> | undefined {
  return messageIn(environment)?.trailers;
}

function messageIn(environment: unknown): IncomingMessage | undefined {
  if (typeof environment !== "object" || environment === null || !("incoming" in environment)) return undefined;
  // What `incoming` holds is fixed by @hono/node-server.
  return (environment as { readonly incoming: IncomingMessage }).incoming;
}
