// Frameworks hand requests over in their own ways: bodies half read, paths cut off, headers folded together, addresses
// hidden. A guard that holds in one and not in another is worth nothing, so every attack of the guard suite is sent
// through each of them, with the actions mounted as the examples mount theirs.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import express from "express";
import fastify from "fastify";
import { Hono } from "hono";
import type { Gatehouse } from "gatehouse";
import { createExpressAdapter, keepRawBody } from "gatehouse/http/express";
import { createFastifyAdapter } from "gatehouse/http/fastify";
import { createHonoAdapter } from "gatehouse/http/hono";
import { createNextAdapter } from "gatehouse/http/next";
import { createNodeAdapter } from "gatehouse/http/node";
import type { AnyAction } from "gatehouse/kernel";
import { describeGuardsOn } from "gatehouse/testing";
import { openGuarded } from "../support/guarded-server.ts";
import { fetchWire, serverWire, socketWire, type Wire } from "../support/wire.ts";
import { HTTP_PROTOCOL, WireHarness } from "../support/wire-harness.ts";

type Mount = (gatehouse: Gatehouse, actions: readonly AnyAction[]) => Promise<Wire>;

function node({ edge, handler }: Gatehouse, actions: readonly AnyAction[]): Promise<Wire> {
  const guarded = createNodeAdapter(edge);
  const routes = new Map(actions.map((action) => [`/${action.name}`, guarded.action(action)]));
  const own = guarded.handler(handler);
  const server = createServer((request, response) => {
    const route = routes.get(request.url ?? "") ?? own;
    route(request, response).catch(() => response.destroy());
  });
  return serverWire(server);
}

function hono({ edge, handler }: Gatehouse, actions: readonly AnyAction[]): Promise<Wire> {
  const guarded = createHonoAdapter(edge);
  const app = new Hono();
  app.use(guarded.protect());
  for (const action of actions) {
    // Where an action does not name the entrance its handler throws; what is attacked here is the gate behind it.
    const named = action.entrances.includes("http");
    app.post(`/${action.name}`, named ? guarded.action(action) : (context) => edge.answer(action, edge.of(context)));
  }
  app.all("*", guarded.handler(handler));
  const listener = getRequestListener(app.fetch);
  return serverWire(createServer((request, response) => void listener(request, response)));
}

function expressBefore({ edge, handler }: Gatehouse, actions: readonly AnyAction[]): Promise<Wire> {
  const guarded = createExpressAdapter(edge);
  const app = express();
  app.use(guarded.protect());
  for (const action of actions) app.post(`/${action.name}`, guarded.action(action));
  app.use(guarded.handler(handler));
  return serverWire(createServer(app));
}

/** Behind a body parser that keeps a copy, and inside of a router that takes a part of the path off. */
function expressBehind({ edge, handler }: Gatehouse, actions: readonly AnyAction[]): Promise<Wire> {
  const guarded = createExpressAdapter(edge);
  const app = express();
  app.use(express.json({ verify: keepRawBody, limit: "4mb" }));
  const router = express.Router();
  for (const action of actions) router.post(`/${action.name}`, guarded.action(action));
  app.use("/", router);
  app.use(guarded.handler(handler));
  return serverWire(createServer(app));
}

async function fastifyScope({ edge, handler }: Gatehouse, actions: readonly AnyAction[]): Promise<Wire> {
  const guarded = createFastifyAdapter(edge);
  const app = fastify();
  app.addHook("onRequest", guarded.protect());
  await app.register(async (scope) => {
    guarded.leaveBodies(scope);
    for (const action of actions) scope.post(`/${action.name}`, guarded.action(action));
    scope.all("/*", guarded.handler(handler));
  });
  await app.listen({ port: 0, host: "127.0.0.1" });
  // A server that listens on a port has this kind of address.
  const { port } = app.server.address() as AddressInfo;
  return socketWire(port, () => app.close());
}

/** Route handlers as Next calls them; its own server is attacked with the example. */
async function next({ edge, handler }: Gatehouse, actions: readonly AnyAction[]): Promise<Wire> {
  const guarded = createNextAdapter(edge, { proxy: "127.0.0.1" });
  const routes = new Map(actions.map((action) => [`/${action.name}`, guarded.action(action)]));
  const own = guarded.handler(handler);
  return fetchWire((request) => {
    const route = routes.get(new URL(request.url).pathname) ?? own;
    return route(request, { params: Promise.resolve({}) });
  });
}

const ADAPTERS: Readonly<Record<string, Mount>> = {
  "node:http": node,
  Hono: hono,
  Express: expressBefore,
  "Express behind its body parser": expressBehind,
  Fastify: fastifyScope,
  Next: next,
};

for (const [name, mount] of Object.entries(ADAPTERS)) {
  describeGuardsOn(name, {
    entrance: "http",
    provenance: "browser",
    wire: "http",
    tellsLifetime: false,
    unknownAction: "NOT_FOUND",
    otherTenant: "AUTHENTICATION_REQUIRED",
    async open({ here, elsewhere }) {
      const actions = [...here, elsewhere];
      const server = await openGuarded(() => ({ actions }));
      return new WireHarness(server, await mount(server.gatehouse, actions), HTTP_PROTOCOL);
    },
  });
}
