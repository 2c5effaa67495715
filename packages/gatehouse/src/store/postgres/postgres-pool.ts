import type { Socket } from "node:net";
import { Pool, type Client, type ClientConfig, type PoolClient } from "pg";

import { PostgresClient } from "./postgres-client.ts";
import { connectionFailure } from "./postgres-errors.ts";
import { describeAddress } from "./postgres-settings.ts";

/** How many connections there are and how long each step may take, in milliseconds. */
export interface PostgresLimits {
  /** Connections at most. Default 10. */
  readonly connections: number;
  /** Waiting for a free connection, and for a new one to be made. Default 2000. */
  readonly acquire: number;
  /** One statement; the server cancels it, and a server that does not answer at all is given half a second more. Default 3000. */
  readonly statement: number;
  /** Waiting for one lock. Default 2000. */
  readonly lock: number;
  /** A transaction's function doing something other than waiting for its transaction. Default 1000, during development 100. */
  readonly idle: number;
  /** A whole call, with everything it repeats. Default 10000. */
  readonly total: number;
}

/** The limits of production; development points out idle transactions sooner. */
export const defaultLimits: PostgresLimits = {
  connections: 10,
  acquire: 2000,
  statement: 3000,
  lock: 2000,
  idle: 1000,
  total: 10_000,
};

const IDLE_CONNECTION = 30_000;
const CONNECTION_LIFETIME_SECONDS = 3600;
const CLOSE_GRACE = 1000;
/** The server's own bounds are a little wider than ours: it acts where this process no longer can. */
const SERVER_MARGIN = 500;

/** A connection in use by one transaction. */
export interface Borrowed {
  readonly client: PoolClient;
  /** What is sent in this turn of the event loop may go together. */
  gather(): void;
  /** Whether the connection is gone. */
  lost(): boolean;
  /** Gives the connection back for the next user, or closes it at once, whatever the server does. Only the first call counts. */
  release(how: "reusable" | "broken"): void;
}

/** Keeps a connection over several transactions; each gives it back to the holder, and disposing it to the pool. */
export function holdConnection(borrowed: Borrowed): { readonly borrowed: Borrowed } & Disposable {
  return {
    borrowed: {
      client: borrowed.client,
      gather: () => borrowed.gather(),
      lost: () => borrowed.lost(),
      release(how) {
        if (how === "broken") borrowed.release(how);
      },
    },
    [Symbol.dispose]() {
      borrowed.release("reusable");
    },
  };
}

/** A bounded set of connections that are lent to one transaction at a time. */
export class PostgresPool implements AsyncDisposable {
  readonly address: string;
  readonly #pool: Pool;
  readonly #size: number;
  readonly #sockets = new Set<Socket>();

  constructor(config: ClientConfig, limits: PostgresLimits) {
    this.address = describeAddress(config);
    this.#size = limits.connections;
    const complete: ClientConfig = {
      ...config,
      connectionTimeoutMillis: limits.acquire,
      statement_timeout: limits.statement,
      lock_timeout: limits.lock,
      idle_in_transaction_session_timeout: limits.total + SERVER_MARGIN,
      // A statement that got outside a transaction cannot change anything.
      options: "-c default_transaction_read_only=on",
      pipeline: true,
    };
    this.#pool = new Pool({
      max: limits.connections,
      connectionTimeoutMillis: limits.acquire,
      idleTimeoutMillis: IDLE_CONNECTION,
      maxLifetimeSeconds: CONNECTION_LIFETIME_SECONDS,
      allowExitOnIdle: true,
      Client: this.#clientClass(complete),
    });
    // The loss of an idle connection is no event of its own: the next user gets another one.
    this.#pool.on("error", () => undefined);
  }

  /** Connections open or being opened, and calls that wait for one. */
  get usage(): { readonly connections: number; readonly idle: number; readonly waiting: number } {
    return { connections: this.#pool.totalCount, idle: this.#pool.idleCount, waiting: this.#pool.waitingCount };
  }

  /** Whether every connection is open or being opened. */
  get full(): boolean {
    return this.#pool.totalCount >= this.#size;
  }

  /** @throws {StoreUnavailableError} when there is no connection within the time for it. */
  async acquire(): Promise<Borrowed> {
    let client: PoolClient;
    try {
      client = await this.#pool.connect();
    } catch (error) {
      throw connectionFailure(error, this.address);
    }
    let released = false;
    return {
      client,
      gather: () => {
        if (client instanceof PostgresClient) client.gather();
      },
      lost: () => client instanceof PostgresClient && client.socket.destroyed,
      release(how) {
        if (released) return;
        released = true;
        if (how === "broken" && client instanceof PostgresClient) client.socket.destroy();
        client.release(how === "broken");
      },
    };
  }

  /** Waits a moment for transactions to end, then closes every connection. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#pool.ending) return;
    const ended = this.#pool.end();
    const forced = setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy();
    }, CLOSE_GRACE);
    await ended;
    clearTimeout(forced);
  }

  #clientClass(config: ClientConfig): new () => Client {
    const sockets = this.#sockets;
    return class extends PostgresClient {
      constructor() {
        super(config);
        sockets.add(this.socket);
        this.socket.once("close", () => sockets.delete(this.socket));
      }
    };
  }
}
