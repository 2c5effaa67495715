import { Hono } from "hono";
import type { JWK } from "jose";
import { z } from "zod";
import type { ApplicationParts, Services } from "../assembly/application.ts";
import { createAccessTokens } from "../identity/engine/access-tokens.ts";
import { LIFETIMES } from "../identity/engine/configuration.ts";
import { finishInteraction } from "../identity/engine/interaction.ts";
import { UnitOfWork } from "../identity/engine/unit-of-work.ts";
import { createIdentity, type Identity } from "../identity/identity.ts";
import { defineAction, type AnyAction } from "../kernel/action.ts";
import type { AccountKey } from "../kernel/ports/accounts.ts";
import type { OAuthArtifacts } from "../kernel/ports/oauth-artifacts.ts";
import { defineResource, type OAuthResource } from "../oauth/resource/oauth-resource.ts";
import { oauth } from "../oauth/resource/requirement.ts";
import { createResourceServer, type ResourceServerParts } from "../oauth/resource/resource-server.ts";
import { createOAuthGrants } from "../store/sql/identity/oauth-grants.ts";
import { issuerInProcess, type TokenIssuer } from "../oauth/resource/token-issuer.ts";

/** What differs from the plain kit. */
export interface OAuthKitOptions extends Partial<Pick<ResourceServerParts, "isAgent" | "proofNonces">> {
  /** Issuers whose tokens count. Default: the one in the process. */
  readonly issuers?: (services: Services) => readonly TokenIssuer[];
  /** Scheme and host of the resources' identifiers. Default: those of the kit. */
  readonly audience?: string;
  /** Whether an account is active. Default: it is. */
  readonly isActive?: (account: AccountKey) => Promise<boolean>;
}

/** Where the kit listens, which is known once it does. */
export interface KitPlace {
  origin: string;
}

/** The provider, with a page on which everybody is Ada and agrees. */
export function identityOf(
  services: Services,
  {
    artifacts,
    keys,
    place,
  }: { readonly artifacts: OAuthArtifacts; readonly keys: readonly JWK[]; readonly place: KitPlace },
): Identity {
  const resource = (name: string, format: "jwt" | "opaque") => ({
    // The port is known once the server listens.
    get resource() {
      return `${place.origin}/api/${name}`;
    },
    ...{ scopes: [`${name}:read`, `${name}:write`], format, lookedUpBy: ["api"] },
  });
  const identity = createIdentity({
    ...services,
    artifacts,
    grants: createOAuthGrants(),
    keys: { version: 1, all: () => keys, ready: () => Promise.resolve() },
    originOf: () => place.origin,
    lifetimes: LIFETIMES,
    resources: [resource("photos", "jwt"), resource("notes", "opaque")],
    publicClients: true,
    findAccount: () => async (_context, id) => ({ accountId: id, claims: async () => ({ sub: id }) }),
    interactionPath: (uid) => `/test/sign-in/${uid}`,
    grace: 10_000,
  });
  identity.routes.get("/test/sign-in/:uid", async (context) => {
    const inbound = services.edge.of(context);
    const { engine } = identity.issuers.of(inbound.tenant);
    const work = workOf(services, identity, artifacts);
    const url = new URL(inbound.url.pathname, place.origin);
    const request = { method: "GET", url, headers: inbound.request.headers, body: undefined, ip: inbound.peer.ip };
    const location = await engine.within(work, async () => {
      const grant = new engine.provider.Grant({ accountId: "ada", clientId: "app" });
      grant.addOIDCScope("openid offline_access");
      grant.addResourceScope(`${place.origin}/api/photos`, "photos:read");
      const consent = { grantId: await grant.save() };
      return finishInteraction({ engine, work, request }, { login: { accountId: "ada" }, consent });
    });
    await services.store.write((transaction) => work.commit(transaction));
    return new Response(null, { status: 303, headers: { location: location ?? "/" } });
  });
  return identity;
}

/** A unit of work of the engine. */
export function workOf({ store, clock }: Services, { issuers }: Identity, artifacts: OAuthArtifacts): UnitOfWork {
  const { codec } = issuers.of("default");
  return new UnitOfWork({ codec, artifacts, grace: 0, read: (look) => store.read(look), now: () => clock.now() });
}

interface Served {
  readonly identity: Identity;
  readonly artifacts: OAuthArtifacts;
  readonly place: KitPlace;
  readonly options: OAuthKitOptions;
}

/** The application: who calls its actions is their answer. */
export function serveResources(services: Services, { identity, artifacts, place, options }: Served): ApplicationParts {
  const { issuers, isActive = async () => true, audience, ...chosen } = options;
  const [photos, notes] = (["photos", "notes"] as const).map((name) =>
    defineResource({
      resource: () => `${audience ?? place.origin}/api/${name}`,
      scopes: [`${name}:read`, `${name}:write`],
      name,
    }),
  );
  if (photos === undefined || notes === undefined) throw new TypeError("There are two resources.");
  const tokens = createAccessTokens({ ...services, issuers: identity.issuers, artifacts, isActive });
  const server = createResourceServer({
    ...services,
    ...chosen,
    resources: [photos, notes],
    issuers: issuers?.(services) ?? [issuerInProcess(tokens)],
  });
  const actions = resourceActions(photos, notes);
  const { edge } = services;
  return {
    actions: [...identity.actions, ...server.actions, ...Object.values(actions)],
    authenticators: server.authenticators,
    routes: () =>
      new Hono()
        .route("/", identity.routes)
        .route("/", server.routes)
        .get("/api/photos", edge.action(actions.list))
        .post("/api/photos", edge.action(actions.add))
        .get("/api/notes", edge.action(actions.notes))
        .get("/api/either", edge.action(actions.either))
        .get("/api/plain", edge.action(actions.plain)),
  };
}

/** Actions that tell who called. */
function resourceActions(photos: OAuthResource, notes: OAuthResource): Readonly<Record<ActionName, AnyAction>> {
  const input = z.looseObject({});
  const reads = { entrances: ["http"], input, effects: "none" } as const;
  const run: Parameters<typeof defineAction>[0]["run"] = async ({
    principal: { grants, session: _session, ...who },
  }) => ({
    ...who,
    grants: [...grants],
  });
  return {
    list: defineAction({
      ...reads,
      name: "photos.list",
      authorise: oauth({ resource: photos, scopes: ["photos:read"] }),
      run,
    }),
    notes: defineAction({
      ...reads,
      name: "notes.list",
      authorise: oauth({ resource: notes, scopes: ["notes:read"] }),
      run,
    }),
    plain: defineAction({ ...reads, name: "plain.read", authorise: () => true, run }),
    either: defineAction({
      ...{ ...reads, name: "either.read", run },
      authorise: oauth({ resource: photos, scopes: ["photos:read"], sessions: true, authorise: () => true }),
    }),
    add: defineAction({
      ...{ name: "photos.add", entrances: ["http"], input, effects: "store", run },
      authorise: oauth({ resource: photos, scopes: ["photos:read", "photos:write"] }),
    }),
  };
}

type ActionName = "list" | "add" | "notes" | "either" | "plain";
