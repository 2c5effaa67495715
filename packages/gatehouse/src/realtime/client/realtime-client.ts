import { Centrifuge, UnauthorizedError, type Options, type TransportEndpoint } from "centrifuge";
import type { ActorContract } from "../actor/contract.ts";
import { ActorClient } from "./actor-client.ts";
import { LiveCarrier } from "./live-carrier.ts";
import { RealtimeError, realtimeError } from "./realtime-error.ts";
import { fetchTicket } from "./ticket.ts";

/** The ways to carry a connection, by how much they are preferred. */
export type RealtimeTransport = "websocket" | "http_stream" | "sse";

/** How a client reaches a server. */
export interface RealtimeClientOptions {
  /** Where the server is: `https://photos.example`. Default: the origin of the page. */
  readonly origin?: string;
  /** Where its connections are. Default `/connection`, and `/emulation` beside it. */
  readonly path?: string;
  /**
   * Who connects: whoever is signed in to the page, by a ticket that is fetched with its cookies (`session`, the default),
   * or the bearer of an access token, asked for whenever a new one is needed.
   */
  readonly as?: "session" | (() => Promise<string>);
  /** Tried in this order. Default: web socket, HTTP streaming, server-sent events. */
  readonly transports?: readonly RealtimeTransport[];
  /** Milliseconds for which a command is tried. Default 20 s. */
  readonly patience?: number;
  /** Told of the state of the connection. */
  readonly changed?: (state: ConnectionState) => void;
  /** Told of what went wrong with the connection and is tried again. */
  readonly failed?: (error: Error) => void;
  /** Further options of the package `centrifuge`: its web socket in old versions of Node, delays between tries. */
  readonly centrifuge?: Partial<Options>;
}

/** What has become of a connection. */
export type ConnectionState =
  | { readonly state: "connecting" | "connected" }
  /** It is not tried again by itself. */
  | { readonly state: "disconnected"; readonly code: number; readonly reason: string };

const TRANSPORTS: readonly RealtimeTransport[] = ["websocket", "http_stream", "sse"];
const PATIENCE = 20_000;

/** A connection to the actors of a server, opened again whenever it is lost. */
export class RealtimeClient implements Disposable {
  readonly #client: Centrifuge;
  readonly #patience: number;

  constructor(options: RealtimeClientOptions = {}) {
    const { origin = pageOrigin(), path = "/connection", transports = TRANSPORTS, as = "session" } = options;
    // The package takes anything here; what it is used for is `fetch`.
    const fetcher: typeof fetch = (options.centrifuge?.fetch as typeof fetch | undefined) ?? fetch;
    const getToken =
      as === "session"
        ? () => fetchTicket({ tickets: `${origin}${path}/ticket`, csrf: `${origin}/api/csrf/refresh` }, fetcher)
        : as;
    this.#patience = options.patience ?? PATIENCE;
    this.#client = new Centrifuge(
      transports.map((transport) => endpoint(origin, path, transport)),
      {
        emulationEndpoint: `${origin}/emulation`,
        ...options.centrifuge,
        getToken: () => getToken().catch(refusedForGood),
      },
    );
    // A ticket is good for one connection: the next one needs another.
    this.#client.on("connecting", () => {
      if (as === "session") this.#client.setToken("");
      options.changed?.({ state: "connecting" });
    });
    this.#client.on("connected", () => options.changed?.({ state: "connected" }));
    this.#client.on("disconnected", ({ code, reason }) => options.changed?.({ state: "disconnected", code, reason }));
    this.#client.on("error", ({ error }) => options.failed?.(realtimeError(error)));
    const page = pageOf(origin);
    // Whoever shows a token is not whom the page's components were rendered for.
    if (as === "session" && page !== undefined) new LiveCarrier(this.#client, page);
    this.#client.connect();
  }

  /** An actor by the parts of its key: `client.actor<RoomContract>("room", ["lobby"])`. */
  actor<Contract extends ActorContract>(
    type: Contract["type"],
    key: readonly string[] & { readonly length: Contract["key"]["length"] },
  ): ActorClient<Contract> {
    return new ActorClient<Contract>(type, key, { client: this.#client, patience: this.#patience });
  }

  /** Resolves once there is a connection. Rejects where it was refused for good. */
  async ready(): Promise<void> {
    try {
      await this.#client.ready();
    } catch (error) {
      throw realtimeError(error);
    }
  }

  /** Ends the connection, and what is heard over it. */
  [Symbol.dispose](): void {
    this.#client.disconnect();
  }
}

function endpoint(origin: string, path: string, transport: RealtimeTransport): TransportEndpoint {
  const http = transport === "websocket" ? origin.replace(/^http/, "ws") : origin;
  return { transport, endpoint: `${http}${path}/${transport}` };
}

/** Where a new token is refused for good, the connection is not tried again. */
function refusedForGood(error: unknown): never {
  if (error instanceof RealtimeError && !error.temporary)
    throw new UnauthorizedError(`${error.code}: ${error.message}`);
  throw error;
}

/** The document of a page of the server itself. */
function pageOf(origin: string): EventTarget | undefined {
  const page: unknown = Reflect.get(globalThis, "document");
  return page instanceof EventTarget && locationOrigin() === origin ? page : undefined;
}

function locationOrigin(): unknown {
  return Reflect.get(Reflect.get(globalThis, "location") ?? {}, "origin");
}

function pageOrigin(): string {
  const origin = locationOrigin();
  if (typeof origin === "string") return origin;
  throw new TypeError("Outside of a page the option `origin` says where the server is.");
}
