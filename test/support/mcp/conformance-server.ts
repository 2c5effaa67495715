import { createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { openGatehouse } from "gatehouse";
import { listen } from "gatehouse/http";
import { requireConfig, systemClock, systemRandom } from "gatehouse/kernel";
import { createResourceServer, defineResource, oauth, type TokenIssuer } from "gatehouse/oauth";
import { openMcp } from "gatehouse/work/mcp";
import { Hono } from "hono";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { extendForSuite } from "./conformance-context.ts";
import { ASKING_TOOLS } from "./conformance-questions.ts";
import { TASK_TOOLS } from "./conformance-tasks.ts";
import { plainTools, SUITE_ACTIONS } from "./conformance-tools.ts";

const TOKEN = "a-token-of-the-suite";
const RESOURCE = "https://suite.example/mcp";

/** Knows one token: what is tried here is the protocol, and the suite shows no token of its own. */
const issuer: TokenIssuer = {
  tenant: undefined,
  looksUp: true,
  issuerOf: () => "https://issuer.example",
  find: async (_tenant, token) =>
    token === TOKEN
      ? {
          issuer: "https://issuer.example",
          audiences: [RESOURCE],
          scopes: [],
          client: "suite",
          expiresAt: systemClock.now() + 3_600_000,
        }
      : undefined,
};

/** An application with what the conformance suite wants to find, and what shows the suite's token for it. */
export interface ConformanceServer extends AsyncDisposable {
  readonly url: string;
}

/** Serves the suite's tools through the endpoint that applications open. */
export async function openConformanceServer(): Promise<ConformanceServer> {
  await using stack = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), "gatehouse-mcp-"));
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  const file = {
    ...{ profile: "development", dataDirectory: directory, console: { enabled: false }, identity: { enabled: false } },
    limits: { trustedCidrs: ["127.0.0.1/32"] },
  };
  const gatehouse = stack.use(
    await openGatehouse({
      ...{ config: requireConfig({ file, clock: systemClock }), clock: systemClock, random: systemRandom },
      log: "quiet",
      application: {
        open: (services) => {
          const resource = defineResource({ resource: RESOURCE, scopes: [] });
          const server = createResourceServer({ ...services, resources: [resource], issuers: [issuer] });
          const mcp = openMcp({
            ...services,
            ...{ name: "suite", version: "1.0.0", limits: [], extend: extendForSuite },
            permit: () => oauth({ resource, scopes: [] }),
            tools: [...plainTools(services), ...ASKING_TOOLS, ...TASK_TOOLS],
          });
          stack.use(mcp);
          return {
            actions: [...SUITE_ACTIONS, ...server.actions, ...mcp.actions],
            authenticators: server.authenticators,
            routes: () => new Hono().route("/", server.routes).route("/", mcp.routes),
          };
        },
      },
    }),
  );
  const listening = await listen({ handler: gatehouse.handler, port: 0 });
  stack.defer(() => listening.close({ grace: 200 }));
  const front = await showToken(listening.port);
  stack.defer(() => new Promise<void>((resolve) => front.close(() => resolve())));
  stack.defer(() => front.closeAllConnections());
  // A server that listens on a port has an address of this form.
  const { port } = front.address() as AddressInfo;
  const kept = stack.move();
  return { url: `http://localhost:${port}/mcp`, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/** Passes requests on as they are, with the token. */
async function showToken(port: number): Promise<Server> {
  const server = createServer((incoming, outgoing) => {
    const headers = { ...incoming.headers, authorization: `Bearer ${TOKEN}` };
    const { method, url: path } = incoming;
    const passed = request({ host: "127.0.0.1", port, method, path, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(outgoing);
    });
    passed.on("error", () => outgoing.destroy());
    outgoing.on("close", () => passed.destroy());
    incoming.pipe(passed);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}
