import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { request, type ClientRequest, type IncomingHttpHeaders } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { Hono } from "hono";
import { z } from "zod";
import { defineApplication, openGatehouse, type Application, type Gatehouse } from "gatehouse";
import { html } from "gatehouse/html";
import { listen, type Listening, type ServerLimits } from "gatehouse/http";
import {
  defineAction,
  requireConfig,
  systemClock,
  systemRandom,
  type ConfigInput,
  type MediaGrant,
  type MediaGrants,
  type ReceivedFile,
  type SecurityEvent,
} from "gatehouse/kernel";

/** Grants that tests hand out and take back: by guest and collection. Everybody may upload to `fair` unless they say otherwise. */
export class TestGrants implements MediaGrants {
  /** What differs from the grant that all guests of a collection share; `undefined`: there is none. */
  readonly #grants = new Map<string, Partial<MediaGrant> | undefined>();

  /** Changes the grant of a collection, or takes it away. */
  set(collection: string, grant: Partial<MediaGrant> | undefined): void {
    this.#grants.set(collection, grant);
  }

  async of(_: unknown, { principal, collection }: Parameters<MediaGrants["of"]>[1]): Promise<MediaGrant | undefined> {
    const differences = this.#grants.has(collection) ? this.#grants.get(collection) : {};
    const known = collection.startsWith("fair") || this.#grants.has(collection);
    if (!known || differences === undefined || principal.type === "anonymous") return undefined;
    const { tenant } = principal;
    return {
      ...{ id: `grant-${collection}`, generation: 1, tenant, collection, quota: undefined, expiresAt: undefined },
      scopes: new Set(["view", "upload"] as const),
      ...differences,
    };
  }

  generation(): number {
    return 1;
  }
}

const name = "9003_received_files";
const columns = "(id TEXT NOT NULL PRIMARY KEY, bytes BIGINT NOT NULL, body TEXT NOT NULL)";
const TABLE = `CREATE TABLE received_files ${columns}`;
const NOTE = "INSERT INTO received_files (id, bytes, body) VALUES";
const noteStatement = { sqlite: `${NOTE} (?1, ?2, ?3)`, postgres: `${NOTE} ($1, $2, $3)` };
const listStatement = "SELECT body FROM received_files ORDER BY id";

/** An application that takes uploads to collections and notes what it was handed: each file once, or the store refuses. */
export function collectionsApplication(grants: MediaGrants): Application {
  const signIn = (edge: Gatehouse["edge"]) =>
    defineAction({
      name: "guests.sign-in",
      entrances: ["http"],
      effects: "store",
      authorise: "public",
      input: z.strictObject({ guest: z.string() }),
      run: async (context) => {
        await edge.sessions.login(context, { type: "guest", id: context.input.guest, grants: [] });
        return {};
      },
    });
  const received = defineAction({
    name: "received.list",
    entrances: ["http"],
    effects: "none",
    authorise: "public",
    limits: [{ name: "received", by: ["ip"], rule: { kind: "window", limit: 100_000, window: 60_000 } }],
    input: z.strictObject({}),
    run: async ({ transaction }) => {
      const rows = await transaction.execute<{ body: string }>({ sqlite: listStatement, postgres: listStatement }, []);
      return { files: rows.map(({ body }) => JSON.parse(body) as ReceivedFile) };
    },
  });
  return defineApplication({
    migrations: [{ name, sqlite: `${TABLE} STRICT`.replace("BIGINT", "INTEGER"), postgres: TABLE }],
    tenant: ({ host }) => (host.startsWith("other.") ? "other" : "default"),
    open: ({ edge }) => {
      const enter = signIn(edge);
      return {
        actions: [enter, received],
        authenticators: {
          bearer: {
            kind: "bearer",
            authenticate: async ({ token }, { tenant }) => ({
              ...{ type: "guest", id: token, tenant, grants: new Set<string>() },
            }),
          },
        },
        media: {
          grants,
          intake: {
            received: async (transaction, file) => {
              await transaction.execute(noteStatement, [file.id, file.bytes, JSON.stringify(file)]);
            },
          },
        },
        routes: () =>
          new Hono()
            .post("/sign-in", edge.action(enter))
            .get("/received", edge.action(received))
            .get("/", (context) => {
              const inbound = edge.of(context);
              const token = edge.csrfToken(inbound);
              return edge.page(
                inbound,
                html`<!doctype html><html lang="en"><head><title>Fair</title>
                <meta name="csrf-token" content=${token} /></head><body><h1>Fair</h1></body></html>`,
              );
            }),
      };
    },
  });
}

/** A server that takes uploads to collections, with its files in a directory. */
export interface CollectionServer extends AsyncDisposable {
  readonly gatehouse: Gatehouse;
  readonly listening: Listening;
  readonly url: string;
  readonly grants: TestGrants;
  readonly directory: string;
  readonly events: SecurityEvent[];
  /** What has been reported as an exception. */
  readonly errors: readonly string[];
  /** What was handed over. */
  received(): Promise<readonly ReceivedFile[]>;
  /** Names of all files in quarantine. */
  files(): Promise<readonly string[]>;
  /** The content of a file in quarantine. */
  content(id: string): Promise<Buffer>;
  size(id: string): Promise<number>;
}

/** What differs from the plain server. */
export interface CollectionOptions {
  readonly settings?: ConfigInput;
  readonly limits?: Partial<ServerLimits>;
  readonly directory?: string;
}

/** Opens a server with collections. Nobody is punished for violations. */
export async function openCollections({
  settings = {},
  limits,
  directory,
}: CollectionOptions = {}): Promise<CollectionServer> {
  const data = directory ?? (await mkdtemp(join(tmpdir(), "gatehouse-collections-")));
  const never = { soft: { threshold: 999_999 }, hard: { threshold: 1_000_000 } };
  const file = { profile: "development" as const, dataDirectory: data, console: { enabled: false }, penalties: never };
  const config = requireConfig({ file: { ...file, ...settings }, clock: systemClock });
  const grants = new TestGrants();
  const errors: string[] = [];
  const write = (text: string): boolean => (text.includes('"exception"') ? errors.push(text) > 0 : true);
  const application = collectionsApplication(grants);
  const gatehouse = await openGatehouse({
    ...{ config, application, clock: systemClock, random: systemRandom },
    log: { write },
  });
  const events: SecurityEvent[] = [];
  gatehouse.services.events.subscribe((event) => events.push(event));
  const listening = await listen({ handler: gatehouse.handler, port: 0, ...(limits === undefined ? {} : { limits }) });
  const quarantine = join(data, "media", "quarantine");
  return {
    ...{ gatehouse, listening, grants, events, errors, directory: data, url: listening.url },
    received: async () => {
      const answer = await send(listening.url, "/received", {});
      return (answer.json as { files: ReceivedFile[] }).files;
    },
    files: () => readdir(quarantine).catch(() => []),
    content: (id) => readFile(join(quarantine, id)),
    size: async (id) => (await stat(join(quarantine, id)).catch(() => ({ size: 0 }))).size,
    async [Symbol.asyncDispose]() {
      await listening.close({ grace: 1_000 });
      await gatehouse[Symbol.asyncDispose]();
      if (directory === undefined) await rm(data, { recursive: true, force: true });
    },
  };
}

/** An interim answer. */
export interface Interim {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
}

/** One answer. */
export interface UploadAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly json: unknown;
  readonly interim: readonly Interim[];
}

/** What is sent. A body that is a function writes it by itself. */
export interface Sending {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly body?: Uint8Array | string | ((request: ClientRequest) => void | Promise<void>);
  /** Default: `mia`; `undefined`: a stranger. */
  readonly guest?: string | undefined;
  /** Told of the request once it is under way. */
  readonly begun?: (request: ClientRequest) => void;
}

/** Sends one request, and resolves with its answer; rejects where the connection ends before it. */
export function send(url: string, path: string, sending: Sending): Promise<UploadAnswer> {
  const { method = "GET", body, headers = {}, begun } = sending;
  const guest = "guest" in sending ? sending.guest : "mia";
  const credential = guest === undefined ? {} : { authorization: `Bearer ${guest}` };
  const length =
    body instanceof Uint8Array || typeof body === "string" ? { "content-length": String(body.length) } : {};
  const { promise, resolve, reject } = Promise.withResolvers<UploadAnswer>();
  const interim: Interim[] = [];
  const sent = request(new URL(path, url), {
    method,
    agent: false,
    headers: { accept: "application/json", ...credential, ...length, ...headers },
  });
  sent.on("information", ({ statusCode, headers: fields }) => {
    interim.push({ status: statusCode, headers: fields as Record<string, string> });
  });
  sent.on("error", reject);
  sent.on("response", (response) => {
    const chunks: Buffer[] = [];
    response.on("data", (chunk: Buffer) => chunks.push(chunk));
    response.on("error", reject);
    response.on("end", () => {
      const text = Buffer.concat(chunks).toString();
      const isJson = text !== "" && /json/.test(response.headers["content-type"] ?? "");
      const json: unknown = isJson ? JSON.parse(text) : undefined;
      resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json, interim });
    });
  });
  begun?.(sent);
  if (typeof body === "function") void Promise.resolve(body(sent)).catch(() => sent.destroy());
  else sent.end(body);
  return promise;
}

/** Waits until something holds. */
export async function until(what: () => boolean | Promise<boolean>, patience = 20_000): Promise<void> {
  for (const end = performance.now() + patience; performance.now() < end; await pause(20)) if (await what()) return;
  throw new Error("It did not come to that.");
}
