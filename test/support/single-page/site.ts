import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { Hono } from "hono";
import { exportJWK, generateKeyPair, type JWK } from "jose";
import { openGatehouse, type Services } from "gatehouse";
import { html } from "gatehouse/html";
import { browserOrigin, listen, type EdgeHandler } from "gatehouse/http";
import { createIdentity, finishInteraction, LIFETIMES, UnitOfWork, type Identity } from "gatehouse/identity";
import { requireConfig, systemClock, systemRandom } from "gatehouse/kernel";
import { createOAuthArtifacts, createOAuthGrants } from "gatehouse/store";

/** An issuer and a browser application on one origin. */
export interface SinglePageSite extends AsyncDisposable {
  readonly origin: string;
  /** The grants that the token endpoint was asked for, in order. */
  readonly grants: string[];
  /** Bytes of the library's part of the application, minified. */
  readonly bytes: Uint8Array;
}

/** Bundles a module for browsers, as applications do. */
async function bundle(entry: string): Promise<Uint8Array> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    ...{ bundle: true, minify: true, write: false, format: "esm", target: "es2022", logLevel: "warning" },
    legalComments: "none",
    conditions: ["gatehouse-source"],
    // React tells of mistakes, and strict mode runs effects twice, in development alone.
    define: { "process.env.NODE_ENV": `"development"` },
  });
  const [file] = outputFiles;
  if (file === undefined) throw new Error(`Nothing became of ${entry}.`);
  return file.contents;
}

/** Starts the issuer and serves the application at /app. */
export async function openSinglePageSite(): Promise<SinglePageSite> {
  await using stack = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), "gatehouse-single-page-"));
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  const script = await bundle(fileURLToPath(new URL("app.mjs", import.meta.url)));
  const { privateKey } = await generateKeyPair("ES256", { extractable: true });
  const keys = [{ ...(await exportJWK(privateKey)), alg: "ES256", use: "sig", kid: "first" }];
  const place = { origin: "", register: () => Promise.resolve() };
  const gatehouse = stack.use(
    await openGatehouse({
      config: requireConfig({
        file: {
          ...{ profile: "development", dataDirectory: directory, console: { enabled: false } },
          ...{ identity: { enabled: false }, limits: { trustedCidrs: ["127.0.0.1/32"] } },
        },
        clock: systemClock,
      }),
      ...{ clock: systemClock, random: systemRandom, log: "quiet" },
      application: {
        open: (services) => {
          const identity = openIssuer(services, keys, place);
          place.register = () => register(services, identity, place.origin);
          return { actions: identity.actions, routes: () => routesOf(services, identity, script) };
        },
      },
    }),
  );
  const grants: string[] = [];
  const { handler } = gatehouse;
  const watched: EdgeHandler = async (request, connection, bindings) => {
    if (request.url.endsWith("/oauth/token")) {
      grants.push(new URLSearchParams(await request.clone().text()).get("grant_type") ?? "");
    }
    return handler(request, connection, bindings);
  };
  const listening = await listen({ handler: watched, port: 0 });
  stack.defer(() => listening.close());
  place.origin = browserOrigin(listening.url);
  await place.register();
  const kept = stack.move();
  const bytes = await bundle(fileURLToPath(import.meta.resolve("gatehouse/oauth/browser")));
  return { origin: place.origin, grants, bytes, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

const artifacts = createOAuthArtifacts();

function openIssuer(services: Services, keys: readonly JWK[], place: { readonly origin: string }): Identity {
  const identity = createIdentity({
    ...services,
    artifacts,
    grants: createOAuthGrants(),
    keys: { version: 1, all: () => keys, ready: () => Promise.resolve() },
    originOf: () => place.origin,
    lifetimes: LIFETIMES,
    resources: [],
    publicClients: true,
    findAccount: () => async (_context, id) => ({ accountId: id, claims: async () => ({ sub: id }) }),
    interactionPath: (uid) => `/test/sign-in/${uid}`,
    grace: 10_000,
  });
  // Stands for the pages on which people sign in: everybody is Ada, and agrees.
  identity.routes.get("/test/sign-in/:uid", async (context) => {
    const inbound = services.edge.of(context);
    const { engine } = identity.issuers.of(inbound.tenant);
    const { store } = services;
    const work = workOf(services, identity);
    const { headers } = inbound.request;
    const url = new URL(inbound.url.pathname, place.origin);
    const request = { method: "GET", url, headers, body: undefined, ip: inbound.peer.ip };
    const location = await engine.within(work, async () => {
      const grant = new engine.provider.Grant({ accountId: "ada", clientId: "spa" });
      grant.addOIDCScope("openid offline_access profile");
      const grantId = await grant.save();
      return finishInteraction({ engine, work, request }, { login: { accountId: "ada" }, consent: { grantId } });
    });
    await store.write((transaction) => work.commit(transaction));
    return new Response(null, { status: 303, headers: { location: location ?? "/" } });
  });
  return identity;
}

function workOf({ store, clock }: Services, { issuers }: Identity): UnitOfWork {
  const { codec } = issuers.of("default");
  return new UnitOfWork({ codec, artifacts, read: (look) => store.read(look), now: () => clock.now(), grace: 0 });
}

async function register(services: Services, identity: Identity, origin: string): Promise<void> {
  const work = workOf(services, identity);
  const payload = {
    client_id: "spa",
    token_endpoint_auth_method: "none",
    grant_types: ["authorization_code", "refresh_token"],
    redirect_uris: [`${origin}/app`],
    post_logout_redirect_uris: [`${origin}/app`],
  } as const;
  work.put({ kind: "Client", id: "spa", payload: { ...payload, response_types: ["code"] } });
  await services.store.write((transaction) => work.commit(transaction));
}

function routesOf({ edge }: Services, identity: Identity, script: Uint8Array): Hono {
  const app = new Hono().route("/", identity.routes);
  app.get("/app.js", () => {
    const headers = { "content-type": "text/javascript", "cache-control": "no-store" };
    return new Response(new Uint8Array(script), { headers });
  });
  app.get("/app", (context) => {
    const inbound = edge.of(context);
    const page = html`<!doctype html>
      <html lang="en">
        <head>
          <title>Application</title>
          <link rel="icon" href="data:," />
          <script type="module" nonce="${inbound.nonce}" src="/app.js"></script>
        </head>
        <body>
          <div id="app"></div>
        </body>
      </html>`;
    return edge.page(inbound, page);
  });
  return app;
}
