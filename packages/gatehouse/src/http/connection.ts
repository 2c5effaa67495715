import { ServerResponse, type IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import type { Connection } from "./inbound.ts";

/** The connection below a Node request. */
export function connectionOfMessage(message: IncomingMessage): Connection {
  return { ...connectionOfSocket(message.socket), target: message.url };
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
