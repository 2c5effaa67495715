import { generateKeyPair, exportJWK, type JWK } from "jose";
import { defineApplication } from "gatehouse";
import {
  createIdentity,
  finishInteraction,
  LIFETIMES,
  UnitOfWork,
  type Identity,
  type UnitOfWorkParts,
} from "gatehouse/identity";
import { createOAuthArtifacts, createOAuthGrants } from "gatehouse/store";
import { production, serveGuarded } from "../support/guarded-server.ts";
import type { Running } from "../support/served.ts";
import { ACCOUNT, APP, CLIENTS, ORIGIN, SCOPE, SIGN_IN, type Algorithm } from "./issuer.ts";

async function makeKey(algorithm: Algorithm): Promise<JWK> {
  const { privateKey } = await generateKeyPair(algorithm, { extractable: true, modulusLength: 4096 });
  return { ...(await exportJWK(privateKey)), alg: algorithm, use: "sig", kid: algorithm };
}

/** The assembled server in its production profile, with everything durable in an SQLite database. */
export async function serveGuardedIssuer(algorithm: Algorithm, dataDirectory: string): Promise<Running> {
  const keys = [await makeKey(algorithm)];
  const artifacts = createOAuthArtifacts();
  const application = defineApplication({
    open: (services) => {
      const { store, clock, edge } = services;
      const workOf = (codec: UnitOfWorkParts["codec"]): UnitOfWork =>
        new UnitOfWork({ codec, artifacts, read: (look) => store.read(look), now: () => clock.now(), grace: 0 });
      const identity: Identity = createIdentity({
        ...{ ...services, artifacts, lifetimes: LIFETIMES, resources: [], publicClients: false, grace: 10_000 },
        grants: createOAuthGrants(),
        keys: { version: 1, all: () => keys, ready: () => Promise.resolve() },
        originOf: () => ORIGIN,
        findAccount: () => (_context, id) => ({ accountId: id, claims: () => ({ sub: id, name: "Ada" }) }),
        interactionPath: (uid) => `${SIGN_IN}/${uid}`,
        // What one client and one person may ask in a minute is not what is measured.
        trustedCidrs: ["10.0.0.0/8"],
      });
      identity.routes.get(`${SIGN_IN}/:uid`, async (context) => {
        const inbound = edge.of(context);
        const { engine, codec } = identity.issuers.of(inbound.tenant);
        const work = workOf(codec);
        const { headers } = inbound.request;
        const request = { method: "GET", url: new URL(inbound.url.pathname, ORIGIN), headers, ip: inbound.peer.ip };
        const location = await engine.within(work, async () => {
          const grant = new engine.provider.Grant({ accountId: ACCOUNT, clientId: APP });
          grant.addOIDCScope(SCOPE);
          const result = { login: { accountId: ACCOUNT }, consent: { grantId: await grant.save() } };
          return finishInteraction({ engine, work, request: { ...request, body: undefined } }, result);
        });
        await store.write((transaction) => work.commit(transaction));
        return new Response(null, { status: 303, headers: { location: location ?? "/" } });
      });
      return {
        actions: identity.actions,
        routes: () => identity.routes,
        seed: async () => {
          const { codec } = identity.issuers.of("default");
          const work = workOf(codec);
          for (const client of CLIENTS) work.put({ kind: "Client", id: client.client_id, payload: { ...client } });
          await store.write((transaction) => work.commit(transaction));
        },
      };
    },
  });
  return serveGuarded(application, { ...production(ORIGIN, dataDirectory), identity: { enabled: false } });
}
