import assert from "node:assert/strict";
import { exportJWK, generateKeyPair, type JWK } from "jose";
import type { Services } from "../assembly/application.ts";
import { openGatehouse } from "../gatehouse.ts";
import { browserOrigin } from "../http/browser-origin.ts";
import { listen } from "../http/server.ts";
import { LIFETIMES } from "../identity/engine/configuration.ts";
import { finishInteraction } from "../identity/engine/interaction.ts";
import { UnitOfWork } from "../identity/engine/unit-of-work.ts";
import { createGrantOperations } from "../identity/grants/operations.ts";
import { createRehearsal } from "../identity/grants/rehearsal-operation.ts";
import { createGrantPolicy, type GrantPolicyOptions } from "../identity/grants/policy.ts";
import { createIdentity, type Identity, type IdentityParts } from "../identity/identity.ts";
import { systemClock } from "../kernel/clock.ts";
import { requireConfig } from "../kernel/config.ts";
import { systemRandom } from "../kernel/random.ts";
import { createOAuthArtifacts } from "../store/sql/identity/oauth-artifacts.ts";
import { createOAuthGrants } from "../store/sql/identity/oauth-grants.ts";
import { IssuerVisits, KIT_API } from "./issuer-visits.ts";
import { createTemporaryDirectory } from "./sqlite-fixture.ts";

/** What an issuer for tests is opened with. */
export interface IssuerKitOptions extends Partial<Pick<IdentityParts, "recogniseDevice" | "grace">> {
  /** What its configuration has besides. */
  readonly file?: object;
  /** Signing keys; processes of one installation share them. */
  readonly keys?: readonly JWK[];
  /** Its identifier, where that is not its own address. */
  readonly origin?: string;
  /** Policies by client. */
  readonly policies?: Readonly<Record<string, GrantPolicyOptions>>;
  readonly findAccount?: (services: Services) => IdentityParts["findAccount"];
}

const artifacts = createOAuthArtifacts();

/** A key pair as signing keys of an issuer are. */
export async function generateSigningKey(): Promise<JWK> {
  const { privateKey } = await generateKeyPair("ES256", { extractable: true });
  return { ...(await exportJWK(privateKey)), alg: "ES256", use: "sig", kid: "first" };
}

/** An issuer with its server, where everybody signs in and consents by themselves. */
export async function openIssuerKit(options: IssuerKitOptions = {}): Promise<IssuerVisits> {
  const stack = new AsyncDisposableStack();
  const directory = stack.use(createTemporaryDirectory());
  const config = requireConfig({
    file: {
      profile: "development",
      dataDirectory: directory.path,
      identity: { enabled: false },
      server: { trustedProxies: ["127.0.0.1/32"] },
      limits: { trustedCidrs: ["127.0.0.0/8", "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32"] },
      ...options.file,
    },
    clock: systemClock,
  });
  const keys = options.keys ?? [await generateSigningKey()];
  const kit: { identity?: Identity; origin: string } = { origin: options.origin ?? "" };
  const signIn = { account: "ada" };
  const gatehouse = stack.use(
    await openGatehouse({
      config,
      clock: systemClock,
      random: systemRandom,
      log: "quiet",
      application: {
        open: (services) => {
          const identity = createIdentity({ ...partsOf(services, options), ...issuerOf(keys, () => kit.origin) });
          kit.identity = identity;
          addSignIn(identity, services, signIn);
          const entrances = ["http", "job"] as const;
          const operatorsOnly = ({ principal }: { principal: { grants: ReadonlySet<string> } }) =>
            principal.grants.has("operator");
          const policyOf = (client: string) => createGrantPolicy(options.policies?.[client]);
          const operations = [
            ...createGrantOperations({ grants: identity.grants, operatorsOnly, entrances }),
            createRehearsal({ trail: services.trail, policyOf, operatorsOnly, entrances }),
          ];
          return { actions: [...identity.actions, ...operations], routes: () => identity.routes };
        },
      },
    }),
  );
  const server = await listen({
    handler: gatehouse.handler,
    port: 0,
    trusts: (address) => gatehouse.services.proxies.trusts(address),
  });
  stack.defer(() => server.close());
  const url = browserOrigin(server.url);
  if (kit.origin === "") kit.origin = url;
  assert.ok(kit.identity !== undefined);
  return new IssuerVisits({ gatehouse, identity: kit.identity, origin: url, issuer: kit.origin, signIn }, stack);
}

function partsOf(services: Services, options: IssuerKitOptions) {
  const { policies = {}, recogniseDevice = () => undefined, grace = 10_000, findAccount } = options;
  return {
    ...{ ...services, artifacts, grace, recogniseDevice, grants: createOAuthGrants() },
    grantPolicyOf: (client: string) => createGrantPolicy(policies[client]),
    findAccount:
      findAccount?.(services) ??
      (() => async (_context: unknown, id: string) => ({ accountId: id, claims: async () => ({ sub: id }) })),
  };
}

function issuerOf(keys: readonly JWK[], originOf: () => string) {
  return {
    ...{
      keys: { version: 1, all: () => keys, ready: () => Promise.resolve() },
      originOf,
      lifetimes: LIFETIMES,
      publicClients: true,
    },
    resources: [{ resource: KIT_API, scopes: ["photos:read"], format: "jwt" as const, lookedUpBy: ["api"] }],
    interactionPath: (uid: string) => `/test/sign-in/${uid}`,
  };
}

/** Stands for the pages on which people sign in: whoever comes is the kit's account, and agrees. */
function addSignIn(identity: Identity, { edge, store, clock }: Services, signIn: { readonly account: string }): void {
  identity.routes.get("/test/sign-in/:uid", async (context) => {
    const inbound = edge.of(context);
    const { engine, codec, origin } = identity.issuers.of(inbound.tenant);
    const read: typeof store.read = (look) => store.read(look);
    const work = new UnitOfWork({ codec, artifacts, read, now: () => clock.now(), grace: 0 });
    const { headers } = inbound.request;
    const url = new URL(inbound.url.pathname, origin);
    const request = { method: "GET", url, headers, body: undefined, ip: inbound.peer.ip };
    const location = await engine.within(work, async () => {
      const { account: accountId } = signIn;
      const clientId = inbound.url.searchParams.get("client") ?? "app";
      const grant = new engine.provider.Grant({ accountId, clientId });
      grant.addOIDCScope("openid offline_access");
      grant.addResourceScope(KIT_API, "photos:read");
      const grantId = await grant.save();
      return finishInteraction({ engine, work, request }, { login: { accountId }, consent: { grantId } });
    });
    await store.write((transaction) => work.commit(transaction));
    return new Response(null, { status: 303, headers: { location: location ?? "/" } });
  });
}
