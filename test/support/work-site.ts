import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defineApplication, openGatehouse, type ApplicationParts, type Gatehouse, type Services } from "gatehouse";
import { listen } from "gatehouse/http";
import {
  requireConfig,
  systemClock,
  systemRandom,
  type ConfigInput,
  type Documents,
  type SecurityEvent,
} from "gatehouse/kernel";
import { defineOrderType, defineResource, type AnyOrderType } from "gatehouse/work";
import { z } from "zod";

const SECRETS = z.object({ id: z.string(), secret: z.string() });
const Tokens = z.object({ access_token: z.string() });

/** What a program asks a token for. */
export interface TokenWish {
  /** Default `mcp`. */
  readonly at?: "mcp" | "rest";
  readonly scope: string;
  readonly tenant?: string;
}

/** An answer over HTTP. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly json: Readonly<Record<string, unknown>>;
}

/** How something is sent. */
export interface Sending {
  readonly method?: string;
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** JSON, or a text as it is. */
  readonly body?: unknown;
  readonly tenant?: string;
}

/** A server with work orders and an identity provider, on one port; `other.localhost` is another tenant's house. */
export interface WorkSite extends AsyncDisposable {
  readonly gatehouse: Gatehouse;
  readonly origin: string;
  readonly port: number;
  readonly events: readonly SecurityEvent[];
  /** An access token of a client that acts for itself and may have the scopes. */
  token(wish: TokenWish): Promise<string>;
  send(path: string, sending?: Sending): Promise<Answer>;
  /** `fetch` that reaches the houses of all tenants. */
  readonly fetch: typeof fetch;
}

/** The type of orders of the site. */
export type Renaming = ReturnType<typeof renaming>;

/** A type of orders that renames things, one item each. */
function renaming(documents: Documents) {
  const thing = defineResource<{ name: string; secret: string }>({
    type: "thing",
    label: (id) => `thing ${id}`,
    sensitive: ["secret"],
    read: async (transaction, { tenant, id }) => {
      const found = await documents.get(transaction, { kind: "test-thing", tenant, id });
      return found && z.object({ name: z.string(), secret: z.string() }).parse(JSON.parse(found.body));
    },
    write: async (transaction, { tenant, id }, snapshot) => {
      const key = { kind: "test-thing", tenant, id };
      if (snapshot === undefined) return documents.delete(transaction, key);
      const found = await documents.get(transaction, key);
      await documents.put(transaction, key, { expected: found?.version ?? 0, body: JSON.stringify(snapshot) });
    },
  });
  return defineOrderType({
    ...{ type: "things.rename", version: 1, title: "Rename things", description: "Gives things other names." },
    input: z.strictObject({ things: z.array(z.string().min(1).max(50)).max(20) }),
    item: z.strictObject({ thing: z.string() }),
    result: z.strictObject({ name: z.string().max(200) }),
    resources: [thing],
    items: ({ input }) => input.things.map((id) => ({ key: id, input: { thing: id } })),
    async preview(space, { input, items }) {
      const names = new Map(items.map(({ key, result }) => [key, result.name]));
      for (const id of input.things) {
        await space.create(thing, id, { name: names.get(id) ?? "none", secret: `secret of ${id}` });
      }
    },
  });
}

/** What else differs from the plain site. */
export interface WorkSiteDifferences {
  /** What the application has besides types of orders. */
  readonly parts?: (services: Services) => ApplicationParts;
  /** Default: a free one. */
  readonly port?: number;
}

/** Opens the site. */
export async function openWorkSite(
  settings: ConfigInput = {},
  types: (services: Services) => readonly AnyOrderType[] = ({ documents }) => [renaming(documents)],
  { parts: more = () => ({}), port = 0 }: WorkSiteDifferences = {},
): Promise<WorkSite> {
  await using stack = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), "gatehouse-work-"));
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  const file: ConfigInput = {
    ...{ profile: "development", dataDirectory: directory },
    limits: { trustedCidrs: ["127.0.0.1/32"] },
    ...settings,
  };
  const events: SecurityEvent[] = [];
  const place = { port: 0 };
  const originOf = (tenant: string): string =>
    `http://${tenant === "default" ? "" : `${tenant}.`}localhost:${place.port}`;
  const application = defineApplication({
    tenant: ({ host }) => (host.startsWith("other.") ? "other" : "default"),
    issuer: originOf,
    open: (services) => {
      services.events.subscribe((event) => events.push(event));
      const { work, ...parts } = more(services);
      return { ...parts, work: { ...work, types: [...types(services), ...(work?.types ?? [])] } };
    },
  });
  const config = requireConfig({ file, clock: systemClock });
  const parts = { config, application, clock: systemClock, random: systemRandom };
  const gatehouse = stack.use(await openGatehouse({ ...parts, log: { write: () => true } }));
  const listening = await listen({ handler: gatehouse.handler, port });
  stack.defer(() => listening.close({ grace: 200 }));
  place.port = listening.port;
  gatehouse.listensAt(originOf("default"));
  const send = (path: string, sending: Sending = {}): Promise<Answer> => sendTo(place.port, path, sending);
  const kept = stack.move();
  return {
    ...{ gatehouse, origin: originOf("default"), port: place.port, events, send },
    token: (wish) => obtainToken({ gatehouse, send, originOf }, wish),
    fetch: (input, init) => fetchFrom(place.port, new Request(input, init)),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

interface Issuing {
  readonly gatehouse: Gatehouse;
  readonly send: WorkSite["send"];
  readonly originOf: (tenant: string) => string;
}

async function obtainToken({ gatehouse, send, originOf }: Issuing, wish: TokenWish): Promise<string> {
  const { at = "mcp", scope, tenant = "default" } = wish;
  const origin = originOf(tenant);
  const resources = Object.fromEntries([`${origin}/mcp`, `${origin}/api/work`].map((url) => [url, scope.split(" ")]));
  const settings = { name: "A program", grantTypes: ["client_credentials"], resources };
  const made = await gatehouse.operate("clients.create", settings, tenant);
  assert.ok(made.ok, JSON.stringify(made));
  const { id, secret } = SECRETS.parse(made.value);
  const resource = at === "mcp" ? `${origin}/mcp` : `${origin}/api/work`;
  const body = new URLSearchParams({ grant_type: "client_credentials", resource, scope }).toString();
  const authorization = `Basic ${Buffer.from(`${id}:${secret}`).toString("base64")}`;
  const headers = { authorization, "content-type": "application/x-www-form-urlencoded" };
  const { status, json } = await send("/oauth/token", { method: "POST", headers, body, tenant });
  assert.equal(status, 200, JSON.stringify(json));
  return Tokens.parse(json).access_token;
}

async function sendTo(port: number, path: string, sending: Sending): Promise<Answer> {
  const {
    method = sending.body === undefined ? "GET" : "POST",
    token,
    headers = {},
    body,
    tenant = "default",
  } = sending;
  const text = body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body);
  const all = {
    host: `${tenant === "default" ? "" : `${tenant}.`}localhost:${port}`,
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    ...(text === undefined
      ? {}
      : { "content-type": "application/json", "content-length": String(Buffer.byteLength(text)) }),
    ...headers,
  };
  return new Promise((resolve, reject) => {
    const sent = request({ host: "127.0.0.1", port, method, path, headers: all }, (incoming) => {
      const pieces: Buffer[] = [];
      incoming.on("data", (piece: Buffer) => pieces.push(piece));
      incoming.once("end", () => {
        const answered = Buffer.concat(pieces).toString();
        const { statusCode = 0, headers: told } = incoming;
        resolve({ status: statusCode, headers: told, json: parsed(answered) });
      });
    });
    sent.once("error", reject);
    sent.end(text);
  });
}

function parsed(text: string): Answer["json"] {
  const event = /^data: (\{.*)$/m.exec(text)?.[1];
  try {
    const value: unknown = JSON.parse(event ?? text);
    return typeof value === "object" && value !== null ? { ...value } : { value };
  } catch {
    return { text };
  }
}

/** No resolver of names knows tenants: the request goes to this machine, and says whose house it is for. */
async function fetchFrom(port: number, asked: Request): Promise<Response> {
  const url = new URL(asked.url);
  const body = asked.body === null ? undefined : await asked.text();
  const headers = { ...Object.fromEntries(asked.headers), host: url.host };
  return new Promise((resolve, reject) => {
    const options = { host: "127.0.0.1", port, method: asked.method, path: url.pathname + url.search, headers };
    const sent = request(options, (incoming) => {
      const { statusCode = 500, headers: told } = incoming;
      const stream = new ReadableStream<Uint8Array>({
        start(controller) {
          incoming.on("data", (piece: Buffer) => controller.enqueue(new Uint8Array(piece)));
          incoming.once("end", () => controller.close());
          incoming.once("error", (error) => controller.error(error));
        },
        cancel: () => void incoming.destroy(),
      });
      const none = statusCode === 204 || statusCode === 202 || statusCode === 304;
      resolve(new Response(none ? null : stream, { status: statusCode, headers: flat(told) }));
    });
    asked.signal.addEventListener("abort", () => sent.destroy(new Error("aborted")));
    sent.once("error", reject);
    sent.end(body);
  });
}

function flat(headers: NodeJS.Dict<string | string[]>): [string, string][] {
  return Object.entries(headers).flatMap(([name, value]) =>
    value === undefined ? [] : [value].flat().map((each): [string, string] => [name, each]),
  );
}
