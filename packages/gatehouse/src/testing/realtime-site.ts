import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { request, type IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { Hono } from "hono";
import { z } from "zod";
import type { Application } from "../assembly/application.ts";
import type { ApplicationRealtime } from "../assembly/realtime/application-realtime.ts";
import type { MountedRealtime } from "../assembly/realtime/mounted-realtime.ts";
import { startServer, type RunningServer } from "../assembly/server.ts";
import type { Authenticator } from "../guards/authenticate.ts";
import { systemClock } from "../kernel/clock.ts";
import { requireConfig, type ConfigInput } from "../kernel/config.ts";
import { deny } from "../kernel/outcome.ts";
import { problems } from "../kernel/problems.ts";
import { systemRandom } from "../kernel/random.ts";
import type { Edge } from "../http/edge.ts";
import { defineAction, type AnyAction } from "../kernel/action.ts";
import { actor, type AnyActor } from "../realtime/actor/actor.ts";

/** A room in which people talk; whose name begins with `staff` hears more. */
export const room = actor("room", {
  key: ["name"],
  state: z.object({ said: z.number() }),
  initial: () => ({ said: 0 }),
  channels: {
    default: {
      canSubscribe: ({ principal }) => principal.type === "user",
      joinLeave: true,
      presence: true,
      history: true,
    },
    staff: { canSubscribe: ({ principal }) => principal.id.startsWith("staff") },
  },
  events: {
    said: { schema: z.object({ text: z.string(), by: z.string() }) },
    noted: { schema: z.object({ note: z.string() }), channel: "staff" },
    typing: { schema: z.object({ by: z.string() }), volatile: true },
  },
  commands: {
    say: {
      input: z.object({ text: z.string().max(200) }),
      policy: ({ principal }) => principal.type === "user",
      handler: ({ state, input, emit, principal }) => {
        state.said += 1;
        emit("said", { text: input.text, by: principal.id });
        return { number: state.said };
      },
    },
    note: {
      input: z.object({ note: z.string() }),
      policy: ({ principal }) => principal.id.startsWith("staff"),
      handler: ({ input, emit }) => {
        emit("noted", input);
        return {};
      },
    },
    publish: {
      input: z.object({ channel: z.string(), data: z.object({ text: z.string() }) }),
      policy: ({ principal }) => principal.type === "user",
      handler: ({ state, input, emit, principal }) => {
        state.said += 1;
        emit("said", { text: input.data.text, by: principal.id });
        return {};
      },
    },
  },
  signals: {
    typing: {
      input: z.object({}),
      policy: ({ principal }) => principal.type === "user",
      handler: ({ emit, principal }) => emit("typing", { by: principal.id }),
    },
  },
  view: (state) => state,
  info: ({ principal }) => ({ name: principal.id.toUpperCase() }),
});

/** Bearers of `user-<name>` are that user, those of `user-<name>~<epoch milliseconds>` until then. */
const namedBearer: Authenticator<"bearer"> = {
  kind: "bearer",
  authenticate: async ({ token }, { tenant, receivedAt }) => {
    const [, id] = /^user-([a-z0-9-]+)(?:~\d+)?$/.exec(token) ?? [];
    const isGood = id !== undefined && receivedAt < (expiryOfNamed(token) ?? Infinity);
    return isGood ? { type: "user", id, tenant, grants: new Set() } : deny(problems.CREDENTIAL_INVALID);
  },
};

function expiryOfNamed(token: string): number | undefined {
  const [, expiry] = token.split("~");
  return expiry === undefined ? undefined : Number(expiry);
}

/** Signing in under a name, and out. */
function doorOf({ sessions }: Edge): readonly [AnyAction, AnyAction] {
  const shared = { entrances: ["http"], effects: "store", authorise: "public", anonymous: true } as const;
  const enter = defineAction({
    ...{ ...shared, name: "door.enter", input: z.object({ name: z.string() }) },
    run: async (context) => sessions.login(context, { type: "user", id: context.input.name, grants: [] }),
  });
  const leave = defineAction({
    ...{ ...shared, name: "door.leave", input: z.object({}) },
    run: async (context) => sessions.logout(context),
  });
  return [enter, leave];
}

/** Somebody with cookies, as a page has them. */
export class SignedInPage {
  readonly origin: string;
  cookie = "";

  constructor(origin: string) {
    this.origin = origin;
  }

  /** `fetch` of a page of the site, for short answers. Node's own leaves out what only browsers may send. */
  readonly fetch: typeof fetch = async (address, init = {}) => {
    const given = Object.fromEntries(new Headers(init.headers));
    const cookies = this.cookie === "" ? {} : { cookie: this.cookie };
    const headers = { ...given, ...cookies, origin: this.origin, "sec-fetch-site": "same-origin" };
    const sent = request(String(address), { method: init.method ?? "GET", headers });
    sent.end(init.body);
    // What `response` brings.
    const [answer] = (await once(sent, "response")) as [IncomingMessage];
    for (const set of answer.headers["set-cookie"] ?? []) this.cookie = set.split(";")[0] ?? "";
    return new Response(await text(answer), { status: answer.statusCode ?? 0 });
  };

  async post(path: string, body: object): Promise<number> {
    const fresh = await (await this.fetch(`${this.origin}/api/csrf/refresh`)).json();
    const { csrf_token: token } = z.object({ csrf_token: z.string() }).parse(fresh);
    const headers = { "content-type": "application/json", "x-csrf-token": token };
    const answer = await this.fetch(this.origin + path, { method: "POST", headers, body: JSON.stringify(body) });
    return answer.status;
  }
}

/** A server with rooms. */
export interface RealtimeSite extends AsyncDisposable {
  readonly server: RunningServer;
  readonly origin: string;
  readonly realtime: MountedRealtime;
}

/** Starts a server with actors. */
export async function startRealtimeSite(
  options: {
    readonly actors?: readonly AnyActor[];
    readonly realtime?: Omit<ApplicationRealtime, "actors">;
    readonly settings?: ConfigInput;
    readonly application?: Application;
    /** Where it says what happens. Default: standard error. */
    readonly log?: Pick<NodeJS.WritableStream, "write">;
  } = {},
): Promise<RealtimeSite> {
  const directory = mkdtempSync(join(tmpdir(), "gatehouse-realtime-"));
  const { actors = [room], realtime: given = {}, settings = {}, application = {}, log = process.stderr } = options;
  const config = requireConfig({
    file: {
      profile: "development",
      dataDirectory: directory,
      console: { enabled: false },
      identity: { enabled: false },
      ...settings,
      server: { port: 0, ...settings.server },
      realtime: { drainSpread: "50ms", ...settings.realtime },
    },
    clock: systemClock,
  });
  const server = await startServer({
    ...{ config, clock: systemClock, random: systemRandom, log },
    application: {
      ...application,
      open: (services) => {
        const { edge } = services;
        const [enter, leave] = doorOf(edge);
        const own = application.open?.(services) ?? {};
        return {
          authenticators: { bearer: namedBearer },
          ...own,
          actions: [enter, leave, ...(own.actions ?? [])],
          routes: async (live) =>
            new Hono()
              .route("/", (await own.routes?.(live)) ?? new Hono())
              .get("/", (context) => context.html("<!doctype html><title>Rooms</title>"))
              .post("/enter", edge.action(enter))
              .post("/leave", edge.action(leave)),
          realtime: { actors, expiryOf: expiryOfNamed, ...given },
        };
      },
    },
  });
  const { realtime } = server.gatehouse;
  if (realtime === undefined) throw new TypeError("The site has actors.");
  return {
    ...{ server, realtime },
    origin: server.origin,
    async [Symbol.asyncDispose]() {
      await server.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
