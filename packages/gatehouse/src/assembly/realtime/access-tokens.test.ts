import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { exportJWK, SignJWT } from "jose";
import * as oauth4webapi from "oauth4webapi";
import { z } from "zod";
import { base64url, utf8 } from "../../kernel/codec.ts";
import { defineResource } from "../../oauth/resource/oauth-resource.ts";
import { oauth } from "../../oauth/resource/requirement.ts";
import { createResourceServer } from "../../oauth/resource/resource-server.ts";
import { issuerInProcess } from "../../oauth/resource/token-issuer.ts";
import { actor } from "../../realtime/actor/actor.ts";
import { startRealtimeSite, type RealtimeSite } from "../../testing/realtime-site.ts";
import { RoomConnection, upgradeStatus } from "../../testing/room-connection.ts";

const SECRET = "a-secret-of-a-machine-that-nobody-guesses";
const ROOMS = "https://rooms.example/";
const NOTES = "https://notes.example/";
const INSECURE = { [oauth4webapi.allowInsecureRequests]: true };
const rooms = defineResource({ resource: ROOMS, scopes: ["rooms:enter", "rooms:look"] });
const LOBBY = { type: "lobby", key: ["main"] };

const lobby = actor("lobby", {
  key: ["name"],
  state: z.object({}),
  initial: () => ({}),
  commands: {
    ask: {
      input: z.object({}),
      policy: ({ principal }) => principal.grants.has("rooms:enter"),
      handler: ({ principal: { type, id } }) => ({ who: `${type} ${id}` }),
    },
  },
});

async function sha256(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", utf8(text)));
}

for (const format of ["jwt", "opaque"] as const) {
  describe(`access tokens of the server itself (${format}), over connections`, () => {
    let site: RealtimeSite;

    before(async () => {
      site = await startRealtimeSite({
        log: { write: () => true },
        actors: [lobby],
        settings: {
          identity: {
            enabled: true,
            clients: [{ id: "machine", secret: SECRET }],
            resources: [
              { resource: ROOMS, scopes: ["rooms:enter", "rooms:look"], format },
              { resource: NOTES, scopes: ["notes:read"], format },
            ],
          },
        },
        realtime: { authorise: oauth({ resource: rooms, scopes: ["rooms:enter"] }) },
        application: {
          open: (services) => {
            const { identity } = services;
            assert.ok(identity !== undefined);
            const issuers = [issuerInProcess(identity.accessTokens)];
            const { actions, authenticators } = createResourceServer({
              ...{ ...services, issuers, resources: [rooms], proofNonces: false },
            });
            return { actions, authenticators };
          },
        },
      });
    });
    after(() => site[Symbol.asyncDispose]());

    interface Wish {
      readonly resource?: string;
      readonly scope?: string;
      readonly key?: oauth4webapi.CryptoKeyPair;
    }

    const client = { client_id: "machine" };
    const authentication = oauth4webapi.ClientSecretBasic(SECRET);

    async function issuer(): Promise<oauth4webapi.AuthorizationServer> {
      const address = new URL(site.origin);
      return oauth4webapi.processDiscoveryResponse(address, await oauth4webapi.discoveryRequest(address, INSECURE));
    }

    async function issue({ resource = ROOMS, scope = "rooms:enter", key }: Wish = {}): Promise<string> {
      const server = await issuer();
      const proving = key === undefined ? INSECURE : { ...INSECURE, DPoP: oauth4webapi.DPoP({}, key) };
      const asked = new URLSearchParams({ resource, scope });
      const ask = () => oauth4webapi.clientCredentialsGrantRequest(server, client, authentication, asked, proving);
      const answer = await oauth4webapi.processClientCredentialsResponse(server, client, await ask());
      return answer.access_token;
    }

    // Of a token that says nothing itself nobody can tell whether it has only expired: its client may ask for another.
    const final = format === "jwt" ? 101 : 109;
    const bearing = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });
    const connectError = async (token: string): Promise<number | undefined> => {
      using connection = await RoomConnection.connect(site.origin, token);
      return connection.answer.error?.code;
    };

    it("connect, in the first frame or in the header, and say how long they are good", async () => {
      const token = await issue();
      using byFrame = await RoomConnection.connect(site.origin, token);
      using byHeader = await RoomConnection.connect(site.origin, undefined, bearing(token));
      for (const connection of [byFrame, byHeader]) {
        const { connect } = z.object({ connect: z.object({ ttl: z.number() }) }).parse(connection.answer);
        assert.ok(connect.ttl > 60, JSON.stringify(connection.answer));
        const { rpc } = await connection.call(LOBBY, "ask", {});
        assert.deepEqual(rpc, { data: { who: "client machine" } });
      }
    });

    it("give out tickets, and send commands of a stream", async () => {
      const token = await issue();
      const json = { ...bearing(token).headers, "content-type": "application/json" };
      const post = (path: string, body: object) =>
        fetch(site.origin + path, { method: "POST", headers: json, body: JSON.stringify(body) });
      const ticket = await post("/connection/ticket", {});
      assert.equal(ticket.status, 200, await ticket.clone().text());
      const stream = await post("/connection/http_stream", { id: 1, connect: {} });
      const reader = stream.body?.pipeThrough(new TextDecoderStream()).getReader();
      const first = (await reader?.read())?.value ?? "";
      const Connected = z.object({ connect: z.object({ session: z.string(), node: z.string() }) });
      const { connect } = Connected.parse(JSON.parse(first.split("\n")[0] ?? ""));
      const data = JSON.stringify({ id: 2, rpc: { method: "lobby.ask", data: { key: ["main"], input: {} } } });
      assert.equal((await post("/emulation", { ...connect, data })).status, 204);
      assert.match((await reader?.read())?.value ?? "", /client machine/);
      await reader?.cancel();
    });

    it("are refused where they are for another resource, without the scope, or none", async () => {
      const foreign = await issue({ resource: NOTES, scope: "notes:read" });
      const weak = await issue({ scope: "rooms:look" });
      assert.deepEqual(await Promise.all([connectError(foreign), connectError(weak), connectError("nothing")]), [
        final,
        103,
        109,
      ]);
      assert.equal(await upgradeStatus(site.origin, bearing(foreign)), 401);
      assert.equal(await upgradeStatus(site.origin, bearing("nothing")), 401);
    });

    it("end connections at once when they are revoked, and no others", async () => {
      const [token, other] = [await issue(), await issue()];
      using ending = await RoomConnection.connect(site.origin, token);
      using byHeader = await RoomConnection.connect(site.origin, undefined, bearing(token));
      using staying = await RoomConnection.connect(site.origin, other);
      const server = await issuer();
      const revoked = await oauth4webapi.revocationRequest(server, client, authentication, token, INSECURE);
      await oauth4webapi.processRevocationResponse(revoked);
      const late = delay(5_000, "late", { ref: false });
      assert.equal(await Promise.race([ending.closed, late]), 3500);
      assert.equal(await Promise.race([byHeader.closed, late]), 3500);
      assert.deepEqual((await staying.call(LOBBY, "ask", {}))["rpc"], { data: { who: "client machine" } });
      assert.equal(await connectError(token), final);
    });

    /*
     * A token that is bound to a key proves nothing without a proof of the key, which only a request can carry. Taken from
     * its owner, it must open no connection as if it were an ordinary one.
     */
    it("that are bound to a key open nothing, with a proof or without", async () => {
      const key = await oauth4webapi.generateKeyPair("ES256");
      const token = await issue({ key });
      assert.equal(await connectError(token), final);
      assert.equal(await upgradeStatus(site.origin, bearing(token)), 401);
      const proofOf = async (method: string, path: string): Promise<Record<string, string>> => {
        const claims = { htm: method, htu: site.origin + path, ath: base64url(await sha256(token)) };
        const jwk = await exportJWK(key.publicKey);
        const dpop = await new SignJWT({ ...claims, jti: crypto.randomUUID() })
          .setProtectedHeader({ alg: "ES256", typ: "dpop+jwt", jwk })
          .setIssuedAt()
          .sign(key.privateKey);
        return { authorization: `DPoP ${token}`, dpop };
      };
      const upgrade = { headers: await proofOf("GET", "/connection/websocket") };
      assert.equal(await upgradeStatus(site.origin, upgrade), 401);
      for (const path of ["/connection/ticket", "/connection/http_stream"]) {
        const headers = { ...(await proofOf("POST", path)), "content-type": "application/json" };
        const body = JSON.stringify(path.endsWith("ticket") ? {} : { id: 1, connect: {} });
        const answer = await fetch(site.origin + path, { method: "POST", headers, body });
        assert.equal(answer.status, 401);
        assert.match(await answer.text(), /bound to a key opens no connection/);
      }
    });
  });
}
