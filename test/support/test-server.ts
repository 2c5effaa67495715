import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Hono } from "hono";
import { defineApplication, openGatehouse, type Gatehouse } from "gatehouse";
import { html } from "gatehouse/html";
import { listen, type Listening, type ListenOptions } from "gatehouse/http";
import { defineAction, requireConfig, systemClock, systemRandom, type ConfigInput } from "gatehouse/kernel";
import { z } from "zod";

/** A whole server in a directory of its own. */
export interface TestServer extends AsyncDisposable {
  readonly gatehouse: Gatehouse;
  readonly listening: Listening;
}

const add = defineAction({
  name: "counter.add",
  entrances: ["http"],
  effects: "store",
  authorise: "public",
  input: z.strictObject({ amount: z.number().int() }),
  run: async ({ input, attempt }) => ({ amount: input.amount, ip: attempt.peer.ip, tls: attempt.peer.tls }),
});

const look = defineAction({
  name: "counter.look",
  entrances: ["http"],
  effects: "none",
  authorise: "public",
  input: z.object({}),
  run: async ({ attempt }) => ({ ip: attempt.peer.ip, tls: attempt.peer.tls, requestId: attempt.id }),
});

/** An application with a page, a reading and a changing action. */
const testApplication = defineApplication({
  open: ({ edge }) => ({
    actions: [add, look],
    routes: () => {
      const app = new Hono();
      app.get("/", (context) => {
        const inbound = edge.of(context);
        return edge.page(
          inbound,
          html`<!doctype html>
            <html lang="en">
              <head>
                <title>Test</title>
                <meta name="csrf-token" content="${edge.csrfToken(inbound)}" />
              </head>
              <body>
                <h1>Test</h1>
              </body>
            </html>`,
        );
      });
      app.get("/look", edge.action(look));
      app.post("/add", edge.action(add));
      return app;
    },
  }),
});

/** Opens everything as the server does, with a store on disk. */
export async function openTestServer(
  input: ConfigInput = {},
  options: Partial<Pick<ListenOptions, "tls" | "limits">> = {},
): Promise<TestServer> {
  const directory = await mkdtemp(join(tmpdir(), "gatehouse-test-"));
  const file = { profile: "development", dataDirectory: directory, console: { enabled: false }, ...input };
  const config = requireConfig({ file, clock: systemClock });
  const gatehouse = await openGatehouse({
    config,
    application: testApplication,
    clock: systemClock,
    random: systemRandom,
    log: "quiet",
  });
  const refused: ListenOptions["refused"] = (connection, denial) => gatehouse.edge.refuseConnection(connection, denial);
  const trusts = (address: string): boolean => gatehouse.services.proxies.trusts(address);
  const listening = await listen({ handler: gatehouse.handler, port: 0, refused, trusts, ...options });
  return {
    gatehouse,
    listening,
    async [Symbol.asyncDispose]() {
      await listening.close({ grace: 1_000 });
      await gatehouse[Symbol.asyncDispose]();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
