import type { Server } from "node:http";
import type { DropArgument, Socket } from "node:net";
import { addressKey } from "../guards/address.ts";
import { events } from "../kernel/events.ts";
import { deny, type Denial } from "../kernel/outcome.ts";
import { problems } from "../kernel/problems.ts";
import { connectionOfSocket } from "./connection.ts";
import type { Connection } from "./inbound.ts";

/** How connections are shared out. */
export interface ConnectionCaps {
  /** Connections of all together. */
  readonly connections: number;
  /** Connections of one address (IPv6: one /64). */
  readonly perAddress: number;
  /** Addresses that speak for many: proxies. */
  readonly trusts: (address: string) => boolean;
  /** Told of every connection that is dropped. */
  readonly refused: (connection: Connection, denial: Denial) => void;
}

/**
 * Drops connections beyond what all together, or one address, may hold. An idle connection costs its owner nothing and
 * is kept for a minute, so that without a share of its own one address could hold them all.
 */
export function capConnections(server: Server, { connections, perAddress, trusts, refused }: ConnectionCaps): void {
  const held = new Map<string, number>();
  server.maxConnections = connections;
  server.on("drop", (dropped?: DropArgument) => {
    // What Node drops because of `maxConnections`, it drops before there is a socket.
    refused({ address: dropped?.remoteAddress, encrypted: false }, excess());
  });
  server.on("connection", (socket: Socket) => {
    const { remoteAddress } = socket;
    // Closed again already.
    if (remoteAddress === undefined || trusts(remoteAddress)) return;
    const key = addressKey(remoteAddress);
    const count = held.get(key) ?? 0;
    if (count >= perAddress) {
      refused(connectionOfSocket(socket), excess());
      socket.destroy();
      return;
    }
    held.set(key, count + 1);
    socket.once("close", () => {
      const left = (held.get(key) ?? 1) - 1;
      if (left > 0) held.set(key, left);
      else held.delete(key);
    });
  });
}

function excess(): Denial {
  return deny(problems.TOO_MANY_CONCURRENT, { event: events.excess_concurrency, context: { what: "connections" } });
}
