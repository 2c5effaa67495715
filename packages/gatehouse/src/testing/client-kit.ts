import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exportJWK, generateKeyPair, type JWK } from "jose";
import { OPERATOR_ENTRANCES, operatorsOnly } from "../console/operator.ts";
import { openGatehouse, type Gatehouse } from "../gatehouse.ts";
import { browserOrigin } from "../http/browser-origin.ts";
import { listen, type Listening } from "../http/server.ts";
import { createClientServices, type ClientServices, type ClientServicesParts } from "../identity/clients/clients.ts";
import type { ClientSettings } from "../identity/clients/client-settings.ts";
import { LIFETIMES } from "../identity/engine/configuration.ts";
import { findInteraction, finishInteraction } from "../identity/engine/interaction.ts";
import { UnitOfWork } from "../identity/engine/unit-of-work.ts";
import { createIdentity, type Identity, type IdentityParts } from "../identity/identity.ts";
import { systemClock, type Clock } from "../kernel/clock.ts";
import { requireConfig } from "../kernel/config.ts";
import type { WriteTransaction } from "../kernel/ports/store.ts";
import { systemRandom } from "../kernel/random.ts";
import { createOAuthArtifacts } from "../store/sql/identity/oauth-artifacts.ts";
import { createOAuthGrants } from "../store/sql/identity/oauth-grants.ts";
import { createOAuthClients } from "../store/sql/identity/oauth-clients.ts";

/** The tenant of kits. */
export const CLIENT_KIT_TENANT = "default";

/** The resource tokens of a kit can be issued for. */
export const CLIENT_KIT_API = "https://api.example/";

/** How an identity provider for tests of clients is opened. */
export interface ClientKitOptions {
  readonly clock?: Clock;
  /** Text of the configuration; default: SQLite in a directory of its own, nobody is limited. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly clients?: Partial<ClientServicesParts>;
  readonly identity?: Partial<IdentityParts>;
  /** Keys, where several kits are servers of one installation. */
  readonly keys?: readonly JWK[];
  readonly directory?: string;
  /** The issuer's address, where another server has it. */
  readonly issuer?: () => string;
}

/** An identity provider with a server, for tests of clients. */
export interface ClientKit extends AsyncDisposable {
  readonly gatehouse: Gatehouse;
  readonly identity: Identity;
  readonly clients: ClientServices;
  readonly origin: string;
  /** Registers a client as an operator does, and returns it. */
  client(settings: ClientSettings): Promise<{ readonly id: string; readonly secret: string }>;
  write<Result>(work: (writing: WriteTransaction) => Promise<Result>): Promise<Result>;
  /** Asks the token endpoint with a form. */
  token(form: Readonly<Record<string, string>>, headers?: Readonly<Record<string, string>>): Promise<Answer>;
  /** Asks any address of the server; from the address that is named, and else from this machine. */
  ask(path: string, init?: RequestInit & { readonly from?: string }): Promise<Answer>;
}

/** What a server answered. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The members of a JSON document; none where it is none. */
  readonly body: Readonly<Record<string, unknown>>;
}

/** A key to sign with. */
export async function clientKitKey(): Promise<JWK> {
  const { privateKey } = await generateKeyPair("ES256", { extractable: true });
  return { ...(await exportJWK(privateKey)), alg: "ES256", use: "sig", kid: "first" };
}

/** Opens an identity provider where everybody who signs in is Ada, and agrees. */
export async function openClientKit(options: ClientKitOptions = {}): Promise<ClientKit> {
  const { clock = systemClock } = options;
  await using stack = new AsyncDisposableStack();
  const directory = options.directory ?? (await mkdtemp(join(tmpdir(), "gatehouse-clients-")));
  if (options.directory === undefined) stack.defer(() => rm(directory, { recursive: true, force: true }));
  const keys = options.keys ?? [await clientKitKey()];
  const artifacts = createOAuthArtifacts();
  let origin = "";
  let parts: { readonly identity: Identity; readonly clients: ClientServices } | undefined;
  const file = {
    profile: "development",
    dataDirectory: directory,
    console: { enabled: false },
    identity: { enabled: false },
    limits: { trustedCidrs: ["127.0.0.1/32"] },
    ...options.config,
  };
  const gatehouse = await openGatehouse({
    config: requireConfig({ file, clock: systemClock }),
    clock,
    random: systemRandom,
    log: "quiet",
    application: {
      open: (services) => {
        const clients = createClientServices({
          ...{ ...services, artifacts, clients: createOAuthClients(), production: true },
          operatorsOnly,
          entrances: OPERATOR_ENTRANCES,
          ...options.clients,
        });
        const identity = createIdentity({
          ...{ ...services, artifacts, clients: clients.source, lifetimes: LIFETIMES, publicClients: true },
          grants: createOAuthGrants(),
          keys: { version: 1, all: () => keys, ready: async () => undefined },
          originOf: () => options.issuer?.() ?? origin,
          resources: [{ resource: CLIENT_KIT_API, scopes: ["photos:read", "photos:write"], lookedUpBy: ["api"] }],
          findAccount: () => async (_context, id) => ({ accountId: id, claims: async () => ({ sub: id }) }),
          interactionPath: (uid) => `/test/sign-in/${uid}`,
          grace: 10_000,
          ...options.identity,
        });
        parts = { identity, clients };
        identity.routes.get("/test/sign-in/:uid", async (context) => {
          const inbound = services.edge.of(context);
          const { engine, codec } = identity.issuers.of(inbound.tenant);
          const { store } = services;
          const read: typeof store.read = (look) => store.read(look);
          const work = new UnitOfWork({ codec, artifacts, read, now: () => clock.now(), grace: 0 });
          const url = new URL(inbound.url.pathname, origin);
          const { headers } = inbound.request;
          const request = { method: "GET", url, headers, body: undefined, ip: inbound.peer.ip };
          const location = await engine.within(work, async () => {
            const { params } = await interactionOf(engine, { work, request });
            const grant = new engine.provider.Grant({ accountId: "ada", clientId: String(params["client_id"]) });
            grant.addOIDCScope("openid offline_access profile email");
            grant.addResourceScope(CLIENT_KIT_API, "photos:read photos:write");
            const grantId = await grant.save();
            return finishInteraction({ engine, work, request }, { login: { accountId: "ada" }, consent: { grantId } });
          });
          await store.write((transaction) => work.commit(transaction));
          return new Response(null, { status: 303, headers: { location: location ?? "/" } });
        });
        return { actions: [...identity.actions, ...clients.operations], routes: () => identity.routes };
      },
    },
  });
  stack.use(gatehouse);
  const server: Listening = await listen({ handler: gatehouse.handler, port: 0 });
  stack.defer(() => server.close());
  origin = browserOrigin(server.url);
  if (parts === undefined) throw new TypeError("The application was not opened.");
  const { identity, clients } = parts;
  const kept = stack.move();
  const { store } = gatehouse.services;
  const ask: ClientKit["ask"] = async (path, { from, ...init } = {}) => {
    const url = new URL(path, origin);
    if (from === undefined) return answerOf(await fetch(url, init));
    return answerOf(await gatehouse.handler(new Request(url, init), { address: from, encrypted: false }));
  };
  return {
    ...{ gatehouse, identity, clients, origin, ask },
    write: (work) => store.write(work),
    async client(settings) {
      const made = await store.write((writing) => clients.registry.create(writing, CLIENT_KIT_TENANT, settings));
      if (!("id" in made)) throw new TypeError(JSON.stringify(made.violations));
      return { id: made.id, secret: made.secret ?? "" };
    },
    token: (form, headers = {}) => ask("/oauth/token", { method: "POST", headers, body: new URLSearchParams(form) }),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

async function interactionOf(
  engine: ReturnType<Identity["issuers"]["of"]>["engine"],
  call: Pick<Parameters<typeof finishInteraction>[0], "work" | "request">,
) {
  const found = await findInteraction({ engine, ...call });
  if (found === undefined) throw new TypeError("Nothing is asked here.");
  return found;
}

async function answerOf(response: Response): Promise<Answer> {
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, body: membersOf(text) };
}

function membersOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    // A document's members, whatever they are.
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
