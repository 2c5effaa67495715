import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { getRequestListener } from "@hono/node-server";
import type { Denial } from "../kernel/outcome.ts";
import { boundArrival } from "./arrival.ts";
import { connectionOfMessage, connectionOfSocket } from "./connection.ts";
import { capConnections } from "./connection-caps.ts";
import type { Certificate } from "./development-certificate.ts";
import type { EdgeHandler } from "./edge.ts";
import { createHealth, type HealthParts } from "./health.ts";
import type { Connection } from "./inbound.ts";
import { ListenError } from "./listen-error.ts";
import { answerClientError, plainProblem, refusalOf } from "./raw-refusal.ts";
import { httpProblems } from "./problems.ts";
import { malformed, refuseRequest } from "./refusal.ts";
import { boundUnreadBody, continueWhenRead } from "./unread-body.ts";

/** Bounds on connections. Times are milliseconds. */
export interface ServerLimits {
  /** For all header lines together; a request beyond it gets 431. Default 16 KiB. */
  readonly headerBytes: number;
  /** Default 100. */
  readonly headerCount: number;
  /** Until the headers have arrived, and before them for the handshake of TLS. Default 10 s. */
  readonly headersTimeout: number;
  /** Until the whole request has arrived. Uploads, which have a pace of their own, may take longer. Default 30 s. */
  readonly requestTimeout: number;
  /** An idle connection is kept this long; more than the 60 s of common proxies. Default 65 s. */
  readonly keepAliveTimeout: number;
  /** Requests on one connection before it is closed. Default 10,000. */
  readonly requestsPerConnection: number;
  /** Connections at once; further ones are dropped. Default 4096. */
  readonly connections: number;
  /** Connections at once from one address (IPv6: one /64), unless it is a trusted proxy's. Default 256. */
  readonly connectionsPerAddress: number;
}

/** Bounds where nothing else is said. */
export const DEFAULT_SERVER_LIMITS: ServerLimits = {
  headerBytes: 16_384,
  headerCount: 100,
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  keepAliveTimeout: 65_000,
  requestsPerConnection: 10_000,
  connections: 4_096,
  connectionsPerAddress: 256,
};

/** How to listen. */
export interface ListenOptions {
  readonly handler: EdgeHandler;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** 0: any free port. */
  readonly port: number;
  /** Serves https itself. Without it, put a proxy in front that does. */
  readonly tls?: Certificate;
  readonly limits?: Partial<ServerLimits>;
  /**
   * Whether an address is a proxy's, through which everybody comes: `services.proxies.trusts`. Others may hold
   * `connectionsPerAddress` connections.
   */
  readonly trusts?: (address: string) => boolean;
  /** What `/readyz` checks. */
  readonly health?: HealthParts;
  /** Told of requests that could not be read and of connections that were dropped; `edge.refuseConnection`. */
  readonly refused?: (connection: Connection, denial: Denial) => void;
}

/** A server that accepts requests. Disposing it closes it with the default grace. */
export interface Listening extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** The Node server, for upgrades. */
  readonly server: Server;
  /** Stops accepting, ends event streams, finishes what is under way for up to `grace` milliseconds (default 10 s), then cuts. */
  close(options?: { readonly grace?: number }): Promise<void>;
}

const DEFAULT_GRACE = 10_000;
/** Timeouts are looked for this often, in milliseconds. */
const CHECK_INTERVAL = 1_000;

/**
 * Starts a server.
 * @throws {ListenError} when the address cannot be taken.
 */
export async function listen(options: ListenOptions): Promise<Listening> {
  const host = options.host ?? "127.0.0.1";
  const health = createHealth(options.health);
  const server = createNodeServer(options);
  const timeout = options.limits?.requestTimeout ?? DEFAULT_SERVER_LIMITS.requestTimeout;
  const requests = new RequestTracker(server);
  // The request that is being turned into a `Request`, which happens at once or fails at once.
  let beginning: IncomingMessage | undefined;
  const serve = getRequestListener(
    (request, bindings) => {
      const connection = connectionOfMessage(messageOf(bindings));
      return health.answer(request) ?? options.handler(request, connection, bindings);
    },
    {
      autoCleanupIncoming: false,
      errorHandler: () => {
        const denial = malformed("The address or Host header is not valid.");
        if (beginning !== undefined) options.refused?.(connectionOfMessage(beginning), denial);
        return plainProblem(denial);
      },
    },
  );
  const receive = (message: IncomingMessage, response: ServerResponse): void => {
    requests.follow(message, response);
    boundUnreadBody(message, response);
    boundArrival(message, timeout, (error) => server.emit("clientError", error, message.socket));
    beginning = message;
    void serve(message, response);
    beginning = undefined;
  };
  server.on("request", receive);
  server.on("checkContinue", (message: IncomingMessage, response: ServerResponse) => {
    continueWhenRead(message, response);
    receive(message, response);
  });
  handleBrokenRequests(server, requests, options);
  await start(server, host, options.port);
  // A server that listens on a port has an address object.
  const { port } = server.address() as AddressInfo;
  const close: Listening["close"] = async ({ grace = DEFAULT_GRACE } = {}) => {
    health.stop();
    options.handler.stop?.();
    await requests.drain(grace);
  };
  return {
    url: `${options.tls === undefined ? "http" : "https"}://${urlHost(host)}:${port}`,
    port,
    server,
    close,
    [Symbol.asyncDispose]: () => close(),
  };
}

function createNodeServer({ tls, limits: given, trusts = () => false, refused = () => {} }: ListenOptions): Server {
  const limits = { ...DEFAULT_SERVER_LIMITS, ...given };
  const handshakeTimeout = limits.headersTimeout;
  const settings = {
    maxHeaderSize: limits.headerBytes,
    // Bytes of a body that wait unread: in pieces of one byte each takes hundreds of bytes of memory.
    highWaterMark: 8_192,
    headersTimeout: limits.headersTimeout,
    // Node has one time for all requests: see `boundArrival`.
    requestTimeout: 0,
    keepAliveTimeout: limits.keepAliveTimeout,
    connectionsCheckingInterval: CHECK_INTERVAL,
    insecureHTTPParser: false,
    // Answered by us as a problem instead.
    requireHostHeader: false,
  };
  const server =
    tls === undefined
      ? createHttpServer(settings)
      : createHttpsServer({
          ...settings,
          cert: tls.certificate,
          key: tls.key,
          handshakeTimeout,
          minVersion: "TLSv1.2",
        });
  server.maxHeadersCount = limits.headerCount;
  const { connections, connectionsPerAddress: perAddress } = limits;
  capConnections(server, { connections, perAddress, trusts, refused });
  server.maxRequestsPerSocket = limits.requestsPerConnection;
  return server;
}

function handleBrokenRequests(server: Server, requests: RequestTracker, { refused }: ListenOptions): void {
  server.on("clientError", (error: Error & { code?: string }, socket: Socket) => {
    const denial = refusalOf(error.code);
    if (denial !== undefined) refused?.(connectionOfSocket(socket), denial);
    if (denial === undefined || requests.hasAnswered(socket)) socket.destroy();
    else answerClientError(socket, denial);
  });
  server.on("checkExpectation", (message: IncomingMessage, response: ServerResponse) => {
    const denial = refuseRequest(httpProblems.EXPECTATION_FAILED, "Only 100-continue is supported.");
    refused?.(connectionOfMessage(message), denial);
    const answer = plainProblem(denial);
    response.writeHead(denial.problem.status, Object.fromEntries(answer.headers));
    void answer.text().then((text) => response.end(text));
  });
}

/** Knows which requests are under way, so that closing waits for them. */
class RequestTracker {
  readonly #server: Server;
  readonly #current = new Map<Socket, ServerResponse>();
  /** Connections on which nothing has been asked yet: browsers open some in advance. */
  readonly #unused = new Set<Socket>();
  #stopping = false;

  constructor(server: Server) {
    this.#server = server;
    server.on("connection", (socket: Socket) => {
      this.#unused.add(socket);
      socket.once("close", () => this.#unused.delete(socket));
    });
  }

  follow({ socket }: IncomingMessage, response: ServerResponse): void {
    this.#current.set(socket, response);
    this.#unused.delete(socket);
    if (this.#stopping) response.setHeader("connection", "close");
    response.once("close", () => {
      if (this.#current.get(socket) === response) this.#current.delete(socket);
      if (this.#stopping) this.#server.closeIdleConnections();
    });
  }

  hasAnswered(socket: Socket): boolean {
    return !socket.writable || this.#current.get(socket)?.headersSent === true;
  }

  async drain(grace: number): Promise<void> {
    if (this.#stopping) return;
    this.#stopping = true;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const response of this.#current.values()) {
      if (!response.headersSent) response.setHeader("connection", "close");
    }
    this.#server.closeIdleConnections();
    // Node takes a connection for idle only once something was asked on it.
    for (const socket of this.#unused) if (socket.bytesRead === 0) socket.destroy();
    const cut = setTimeout(() => this.#server.closeAllConnections(), grace);
    await closed;
    clearTimeout(cut);
  }
}

async function start(server: Server, host: string, port: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const fail = (error: NodeJS.ErrnoException): void => reject(new ListenError({ host, port }, error.code ?? "unknown"));
  server.once("error", fail);
  server.listen({ host, port }, resolve);
  await promise;
  server.off("error", fail);
}

function messageOf(bindings: object): IncomingMessage {
  // @hono/node-server passes the message as `incoming`; HTTP/2 is not offered here.
  return (bindings as { readonly incoming: IncomingMessage }).incoming;
}

function urlHost(host: string): string {
  if (host === "0.0.0.0" || host === "::") return "localhost";
  return host.includes(":") ? `[${host}]` : host;
}
