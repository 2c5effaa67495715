import { readFileSync } from "node:fs";
import { z } from "zod";
import { browserOrigin } from "../http/browser-origin.ts";
import type { Certificate } from "../http/development-certificate.ts";
import { DEFAULT_SERVER_LIMITS, listen, type Listening, type ServerLimits } from "../http/server.ts";
import type { Config } from "../kernel/config.ts";
import type { Outcome } from "../kernel/outcome.ts";
import { controlSocketPath, serveControl, type ControlRequest } from "./control-socket.ts";
import { openGatehouse, type Gatehouse, type GatehouseOptions } from "./gatehouse.ts";

const Link = z.object({ path: z.string() });

/** A Gatehouse that accepts requests. Disposing it is `close`. */
export interface RunningServer extends AsyncDisposable {
  readonly gatehouse: Gatehouse;
  /** What a browser opens: the public address where one is configured. */
  readonly origin: string;
  /**
   * The address that signs one person in, once: as an operator with the purpose `console`, or as what the
   * application's `linkTargets` make of it.
   * @throws {Error} when there is no such purpose or the store does not answer.
   */
  issueLink(purpose: string): Promise<string>;
  /** Stops accepting, finishes what is under way for up to `server.shutdownGrace`, and closes the stores. */
  close(): Promise<void>;
}

/**
 * Starts a server with a resolved configuration. For programs that read it themselves, as the `gatehouse` command does;
 * `serve` is for all others. `gatehouse` commands reach it through a local socket in its data directory.
 * @throws {ListenError} when the address cannot be taken.
 * @throws {ControlSocketError} when the path of the data directory is too long, and whatever `openGatehouse` throws.
 */
export async function startServer(options: Omit<GatehouseOptions, "recordStart">): Promise<RunningServer> {
  await using stack = new AsyncDisposableStack();
  const { config } = options;
  const gatehouse = stack.use(await openGatehouse({ ...options, recordStart: "later" }));
  if (config.profile === "development") await gatehouse.seed();
  const listening = await listenFor(gatehouse, options);
  stack.defer(() => listening.close({ grace: config.server.shutdownGrace }));
  const { realtime } = gatehouse;
  realtime?.attach(listening.server);
  // Before it stops accepting: clients are told one after the other to come back.
  stack.defer(() => realtime?.drain());
  const origin = config.server.publicUrl ?? browserOrigin(listening.url);
  gatehouse.listensAt(origin);
  const operate = ({ action, input, tenant }: ControlRequest): Promise<Outcome> =>
    gatehouse.operate(action, input, tenant);
  stack.use(await serveControl(controlSocketPath(config.dataDirectory), { operate, origin }));
  // Not before: a server whose port is in use has not started.
  gatehouse.announceStart();
  // The first start makes them, which takes a while; whoever asks for a token meanwhile waits for it.
  void gatehouse.services.identity?.keys.look();
  const kept = stack.move();
  const close = (): Promise<void> => kept.disposeAsync();
  const issueLink = async (purpose: string): Promise<string> => {
    const outcome = await gatehouse.operate("links.issue", { purpose });
    if (!outcome.ok) throw new Error(outcome.detail ?? outcome.problem.message);
    return origin + Link.parse(outcome.value).path;
  };
  return { gatehouse, origin, issueLink, close, [Symbol.asyncDispose]: close };
}

async function listenFor(gatehouse: Gatehouse, { config, clock }: GatehouseOptions): Promise<Listening> {
  const { host, port } = config.server;
  const tls = await certificateFor(config, clock);
  return listen({
    handler: gatehouse.handler,
    host,
    port,
    limits: limitsFor(config, gatehouse),
    trusts: (address) => gatehouse.services.proxies.trusts(address),
    health: { check: () => gatehouse.health(), clock },
    refused: (connection, denial) => gatehouse.edge.refuseConnection(connection, denial),
    ...(tls === undefined ? {} : { tls }),
  });
}

/** Connections of realtime stay open, and have bounds of their own: those of requests come on top. */
function limitsFor({ server, realtime }: Config, gatehouse: Gatehouse): Partial<ServerLimits> {
  const { requestTimeout } = server;
  if (gatehouse.realtime === undefined) return { requestTimeout };
  const { connections, connectionsPerAddress } = DEFAULT_SERVER_LIMITS;
  return {
    requestTimeout,
    connections: connections + realtime.lines.perNode,
    connectionsPerAddress: connectionsPerAddress + realtime.lines.perAddress,
  };
}

async function certificateFor(config: Config, clock: GatehouseOptions["clock"]): Promise<Certificate | undefined> {
  const { publicUrl, tls } = config.server;
  const { certificate, key, development } = tls;
  if (certificate !== undefined && key !== undefined) {
    return { certificate: readFileSync(certificate, "utf8"), key: readFileSync(key, "utf8") };
  }
  if (!development) return undefined;
  // Makes certificates with a library that nobody else needs.
  const { developmentCertificate } = await import("../http/development-certificate.ts");
  const names = publicUrl === undefined ? [] : [new URL(publicUrl).hostname];
  return developmentCertificate({ directory: config.dataDirectory, clock, names });
}
