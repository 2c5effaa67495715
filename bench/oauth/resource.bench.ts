/**
 * Checks of access tokens beside what libraries offer for it: jose (in express-oauth2-jwt-bearer and most others) for
 * signed tokens, `validateJwtAccessToken` of oauth4webapi for tokens with DPoP proofs. One process, one check after the
 * other, in alternating rounds; medians over the rounds.
 *
 * Ours refuses a proof that comes a second time, for which it writes a row that is durable before the answer, or takes a
 * counter in memory; the peer remembers none. A look-up in the process reads the row of the token and opens it.
 *
 * node --conditions=gatehouse-source bench/oauth/resource.bench.ts [--json] [--rounds=N] [--checks=N]
 */
import { createHash, randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openGatehouse, type Gatehouse, type Services } from "gatehouse";
import { defineAction, isDenial, requireConfig, systemClock as clock, systemRandom as random } from "gatehouse/kernel";
import type { Attempt } from "gatehouse/kernel";
import * as gatehouse from "gatehouse/oauth";
import { createRemoteJWKSet, exportJWK, generateKeyPair, jwtVerify, SignJWT } from "jose";
import * as oauth4webapi from "oauth4webapi";
import { z } from "zod";
import { median, numberOption, print, versionsOf } from "../support/report.ts";

const ROUNDS = numberOption("rounds", 11);
const CHECKS = numberOption("checks", 400);
const RESOURCE = "http://localhost:8080/api/photos";
const SECRET = "a-secret-of-the-benchmark-and-of-nothing-else";

const photos = gatehouse.defineResource({ resource: RESOURCE, scopes: ["photos:read"] });
const list = defineAction({
  ...{ name: "photos.list", entrances: ["http"], effects: "none", input: z.object({}) },
  authorise: gatehouse.oauth({ resource: photos, scopes: ["photos:read"] }),
  run: async () => "done",
});

interface Presented {
  readonly token: string;
  readonly proof?: string;
}

/** One way to check a token; `make` prepares what a round presents. */
interface Contender {
  readonly kind: string;
  readonly name: string;
  readonly make: () => Promise<Presented>;
  readonly check: (presented: Presented) => Promise<unknown>;
}

await using stack = new AsyncDisposableStack();
const key = await generateKeyPair("ES256", { extractable: true });
const jwk = { ...(await exportJWK(key.publicKey)), kid: "one", alg: "ES256" };
const issuerServer = createServer((request, response) => {
  const document = request.url === "/keys" ? { keys: [jwk] } : { issuer, jwks_uri: `${issuer}/keys` };
  response.setHeader("content-type", "application/json").end(JSON.stringify(document));
});
await new Promise<void>((resolve) => issuerServer.listen(0, "127.0.0.1", resolve));
stack.defer(() => void issuerServer.close().closeAllConnections());
const issuer = `http://127.0.0.1:${(issuerServer.address() as AddressInfo).port}`;
const bearerKey = await generateKeyPair("ES256", { extractable: true });
const bearerJwk = await exportJWK(bearerKey.publicKey);
const jkt = await oauth4webapi.DPoP({}, bearerKey).calculateThumbprint();

function sign(more: object = {}): Promise<string> {
  const iat = Math.floor(clock.now() / 1000);
  const claims = { iss: issuer, aud: RESOURCE, sub: "ada", client_id: "app", jti: randomUUID(), scope: "photos:read" };
  return new SignJWT({ ...claims, iat, exp: iat + 3600, ...more })
    .setProtectedHeader({ alg: "ES256", typ: "at+jwt", kid: "one" })
    .sign(key.privateKey);
}

function prove(token: string): Promise<string> {
  const ath = createHash("sha256").update(token).digest("base64url");
  const iat = Math.floor(clock.now() / 1000);
  return new SignJWT({ htm: "GET", htu: RESOURCE, jti: randomUUID(), iat, ath })
    .setProtectedHeader({ alg: "ES256", typ: "dpop+jwt", jwk: bearerJwk })
    .sign(bearerKey.privateKey);
}

const signedToken = await sign();
const boundToken = await sign({ cnf: { jkt } });

const directory = mkdtempSync(join(tmpdir(), "gatehouse-bench-"));
stack.defer(() => rmSync(directory, { recursive: true, force: true }));
const held: { services?: Services } = {};
const file = {
  ...{ profile: "development", dataDirectory: directory, console: { enabled: false } },
  identity: {
    clients: [{ id: "machine", secret: SECRET }],
    resources: [{ resource: RESOURCE, scopes: ["photos:read"] }],
  },
} as const;
const opened: Gatehouse = stack.use(
  await openGatehouse({
    ...{ config: requireConfig({ file, clock }), clock, random, log: "quiet" },
    application: {
      open: (services) => {
        held.services = services;
        return {};
      },
    },
  }),
);
const { services } = held;
if (services?.identity === undefined) throw new Error("The identity provider is not there.");
await services.identity.issuers.ready();

const remote = [gatehouse.remoteIssuer({ ...services, issuer })];
const parts = { ...services, resources: [photos], proofNonces: false };
const proofReplays = gatehouse.replaysInCounters(services.counters);
const elsewhere = gatehouse.createResourceServer({ ...parts, issuers: remote });
const counted = gatehouse.createResourceServer({ ...parts, issuers: remote, proofReplays });
const local = [gatehouse.issuerInProcess(services.identity.accessTokens)];
const inProcess = gatehouse.createResourceServer({ ...parts, issuers: local });

async function issueOpaque(): Promise<string> {
  const body = new URLSearchParams({ grant_type: "client_credentials", resource: RESOURCE, scope: "photos:read" });
  const authorization = `Basic ${btoa(`machine:${SECRET}`)}`;
  const request = new Request("http://localhost:8080/oauth/token", {
    method: "POST",
    body,
    headers: { authorization },
  });
  const response = await opened.handler(request, { address: "127.0.0.1", encrypted: false });
  return ((await response.json()) as { readonly access_token: string }).access_token;
}
const opaqueToken = await issueOpaque();

function ours(kind: string, name: string, server: gatehouse.ResourceServer, make: Contender["make"]): Contender {
  return {
    ...{ kind, name, make },
    check: async ({ token, proof }) => {
      const shown = proof === undefined ? {} : { proof: { text: proof, method: "GET", url: RESOURCE } };
      const bearer = { kind: "bearer", token, ...shown } as const;
      const attempt: Attempt = {
        ...{ id: "-", entrance: "http", action: list.name, tenant: "default", receivedAt: clock.now(), input: {} },
        ...{ peer: { ip: "192.0.2.1", tls: true }, provenance: { kind: "token" }, credentials: [bearer] },
      };
      const principal = await server.authenticators.bearer.authenticate(bearer, attempt, list);
      if (principal === undefined || isDenial(principal)) throw new Error(`${name} refuses its own token.`);
    },
  };
}

const keys = createRemoteJWKSet(new URL(`${issuer}/keys`));
const server: oauth4webapi.AuthorizationServer = { issuer, jwks_uri: `${issuer}/keys` };
const validate = async ({ token, proof }: Presented): Promise<unknown> => {
  const headers = {
    authorization: `${proof === undefined ? "Bearer" : "DPoP"} ${token}`,
    ...(proof && { dpop: proof }),
  };
  const request = new Request(RESOURCE, { headers });
  return oauth4webapi.validateJwtAccessToken(server, request, RESOURCE, {
    [oauth4webapi.allowInsecureRequests]: true,
    signingAlgorithms: ["ES256"],
  });
};

const FIRST = "signed token, the first time";
const AGAIN = "signed token, again";
const PROVEN = "signed token with a proof";
const OPAQUE = "token that says nothing itself";
const first = async (): Promise<Presented> => ({ token: await sign() });
const again = async (): Promise<Presented> => ({ token: signedToken });
const proven = async (): Promise<Presented> => ({ token: boundToken, proof: await prove(boundToken) });
function signedBy(kind: string, make: Contender["make"]): readonly Contender[] {
  const expected = { issuer, audience: RESOURCE, typ: "at+jwt", algorithms: ["ES256"] };
  return [
    ours(kind, "gatehouse", elsewhere, make),
    { kind, make, name: "jose", check: ({ token }) => jwtVerify(token, keys, expected) },
    { kind, make, name: "oauth4webapi", check: validate },
  ];
}
const contenders: readonly Contender[] = [
  ...signedBy(FIRST, first),
  ...signedBy(AGAIN, again),
  ours(PROVEN, "gatehouse, replays in SQLite", elsewhere, proven),
  ours(PROVEN, "gatehouse, replays in counters", counted, proven),
  { kind: PROVEN, name: "oauth4webapi, no replays", make: proven, check: validate },
  ours(OPAQUE, "gatehouse, in process", inProcess, async () => ({ token: opaqueToken })),
];

/** Checks a second, one after the other. */
async function speedOf({ make, check }: Contender, checks: number): Promise<number> {
  const presented = await Promise.all(Array.from({ length: checks }, make));
  const began = clock.monotonic();
  for (const one of presented) await check(one);
  return (checks * 1000) / (clock.monotonic() - began);
}

const speeds = new Map<Contender, number[]>(contenders.map((contender) => [contender, []]));
for (const contender of contenders) await speedOf(contender, CHECKS);
for (let round = 0; round < ROUNDS; round += 1) {
  for (const [contender, measured] of speeds) measured.push(await speedOf(contender, CHECKS));
}
print({
  benchmark: "oauth",
  versions: versionsOf("jose", "oauth4webapi"),
  tables: [...new Set(contenders.map(({ kind }) => kind))].map((kind) => ({
    title: kind,
    columns: ["who", "checks a second", "microseconds a check"],
    rows: contenders
      .filter((contender) => contender.kind === kind)
      .map((contender) => {
        const speed = median(speeds.get(contender) ?? []);
        return [contender.name, speed, 1_000_000 / speed];
      }),
  })),
});
