// What helps whoever builds an application helps whoever attacks it: how long each guard takes tells which one refused
// and how near a guess was, and a panel on every page names components, requests and refusals. An attacker would look
// for it left on in production, ask for its script by name, or talk an operator into switching it on.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { defineApplication, openGatehouse, type Gatehouse } from "gatehouse";
import { html } from "gatehouse/html";
import { live } from "gatehouse/live";
import { resolveConfig, systemClock, systemRandom, type Profile } from "gatehouse/kernel";
import { Hono } from "hono";
import { z } from "zod";
import { attribute } from "../support/client.ts";
import { ServerProcess } from "../support/server-process.ts";

const ORIGIN = "https://app.example";
const CHUNK = readFileSync(new URL("../../packages/gatehouse/dist/client/inspector.js", import.meta.url));
const HASH = createHash("sha256").update(CHUNK).digest("hex").slice(0, 16);

const counter = live("counter", {
  state: z.object({ count: z.int() }),
  mount: ({ previous }) => previous ?? { count: 0 },
  actions: (action) => ({ add: action({ authorise: "public" }, ({ state }) => ({ count: state.count + 1 })) }),
  render: ({ state, act }) => html`<button ${act.add()}>${state.count}</button>`,
});

const application = defineApplication({
  open: ({ edge }) => ({
    components: [counter],
    routes: (pages) => {
      const app = new Hono();
      app.get("/", async (context) => {
        const inbound = edge.of(context);
        const body = await pages.mount(counter, { inbound });
        return edge.page(
          inbound,
          html`<!doctype html><html lang="en"><head><title>Count</title>${pages.head(inbound)}</head><body>${body}</body></html>`,
        );
      });
      return app;
    },
  }),
});

/** A whole installation, which answers for one host behind a proxy that encrypts. */
async function open(profile: Profile): Promise<Gatehouse & AsyncDisposable> {
  const dataDirectory = await mkdtemp(join(tmpdir(), "gatehouse-inspector-"));
  const server = { publicUrl: ORIGIN, trustedProxies: ["127.0.0.1/32"] };
  const result = resolveConfig({ file: { profile, dataDirectory, server }, clock: systemClock });
  if (!result.ok) throw new Error(JSON.stringify(result.faults));
  const parts = { config: result.config, clock: systemClock, random: systemRandom, log: "quiet" } as const;
  const gatehouse = await openGatehouse({ ...parts, application });
  return {
    ...gatehouse,
    async [Symbol.asyncDispose]() {
      await gatehouse[Symbol.asyncDispose]();
      await rm(dataDirectory, { recursive: true, force: true });
    },
  };
}

function send({ handler }: Gatehouse, path: string, init: RequestInit = {}): Promise<Response> {
  return handler(new Request(ORIGIN + path, init), { address: "203.0.113.9", encrypted: true });
}

/** Everything a visitor can have answered: pages, scripts, tokens, actions, loads, and what is refused. */
async function answers(
  gatehouse: Gatehouse,
): Promise<{ readonly page: string; readonly all: ReadonlyMap<string, Response> }> {
  const first = await send(gatehouse, "/", { headers: { accept: "text/html" } });
  const page = await first.clone().text();
  const [cookie = ""] = first.headers.getSetCookie().map((field) => field.split(";")[0] ?? "");
  const token = attribute(page, "meta", { name: "csrf-token" })?.["content"] ?? "";
  const headers = {
    ...{ cookie, origin: ORIGIN, "sec-fetch-site": "same-origin", accept: "application/json" },
    ...{ "content-type": "application/json", "x-csrf-token": token },
  };
  const post = (path: string, body: object): Promise<Response> =>
    send(gatehouse, `/api/livecomponents/${path}`, { method: "POST", headers, body: JSON.stringify(body) });
  const request = { component_id: "counter:main", action: "add", params: {}, idempotency_key: "key-1" };
  const script = /\/api\/livecomponents\/client\.[0-9a-f]+\.js/.exec(page)?.[0] ?? "-";
  const all = new Map([
    ["page", first],
    ["script", await send(gatehouse, script)],
    ["action", await post("action", request)],
    ["repetition", await post("action", request)],
    ["refused action", await post("action", { ...request, action: "remove" })],
    ["forged action", await send(gatehouse, "/api/livecomponents/action", { method: "POST", body: "{}" })],
    ["load", await post("load", { components: [{ component_id: "counter:main" }] })],
    ["token", await send(gatehouse, "/api/csrf/refresh", { headers })],
    ["nothing", await send(gatehouse, "/nothing")],
    ["inspector", await send(gatehouse, `/api/livecomponents/client.inspector.${HASH}.js`)],
  ]);
  return { page, all };
}

describe("the inspector, looked for in production", () => {
  it("is in no page, under no address and in no answer", async () => {
    await using gatehouse = await open("production");
    const { page, all } = await answers(gatehouse);
    assert.deepEqual([all.get("page")?.status, all.get("script")?.status, all.get("action")?.status], [200, 200, 200]);
    assert.doesNotMatch(page, /inspector/i);
    assert.equal(all.get("inspector")?.status, 404);
    for (const [what, { headers }] of all) assert.equal(headers.get("server-timing"), null, what);
    assert.ok(!gatehouse.routes().some(({ path }) => path.includes("inspector")));
  });

  it("is there in development, so that its absence means something", async () => {
    await using gatehouse = await open("development");
    const { page, all } = await answers(gatehouse);
    assert.match(page, /<meta name="live-inspector"/);
    assert.equal(all.get("inspector")?.status, 200);
    for (const [what, { headers }] of all) assert.match(headers.get("server-timing") ?? "", /^total;dur=[\d.]+/, what);
  });

  it("tells in development how long each guard, the action, the store and the rendering took", async () => {
    await using gatehouse = await open("development");
    const { all } = await answers(gatehouse);
    const parts = (what: string): string[] =>
      (all.get(what)?.headers.get("server-timing") ?? "").split(", ").map((part) => part.replace(/;dur=[\d.]+$/, ""));
    const steps = gatehouse
      .inventory()
      .find(({ action, entrance }) => action === "counter.add" && entrance === "live")
      ?.steps.map(({ phase, guard }) => `${phase};desc="${guard}"`);
    assert.ok(steps !== undefined && steps.length > 5);
    for (const step of [...steps, 'execute;desc="counter.add"', 'render;desc="counter"', 'store;desc="write"'])
      assert.ok(parts("action").includes(step), `${step} is not among ${parts("action").join(", ")}`);
    assert.ok(!parts("repetition").some((part) => part.startsWith("execute")), "a repetition executes nothing");
    assert.ok(!parts("forged action").some((part) => /^(limit|validate|execute)/.test(part)));
  });

  for (const [how, sources] of [
    ["file", { file: { live: { inspector: true } } }],
    ["environment", { environment: { GATEHOUSE_LIVE_INSPECTOR: "true" } }],
  ] as const) {
    it(`is not switched on by the ${how}`, () => {
      const settings = { server: { publicUrl: ORIGIN, trustedProxies: ["127.0.0.1/32"] } };
      const file = { profile: "production", ...settings, ...("file" in sources ? sources.file : {}) };
      const result = resolveConfig({ ...sources, file, clock: systemClock });
      assert.deepEqual(result.ok ? [] : result.faults.map(({ path }) => path), ["live.inspector"]);
    });
  }

  it("keeps a server from starting that is told to offer it", async () => {
    const environment = {
      GATEHOUSE_PROFILE: "production",
      GATEHOUSE_LIVE_INSPECTOR: "true",
      GATEHOUSE_SERVER_PUBLIC_URL: ORIGIN,
      GATEHOUSE_SERVER_TRUSTED_PROXIES: "127.0.0.1/32",
    };
    await using server = await ServerProcess.launch({ environment });
    const { code } = await server.ended;
    assert.notEqual(code, 0);
    assert.match(server.errors, /live\.inspector: The inspector tells every visitor/);
  });
});
