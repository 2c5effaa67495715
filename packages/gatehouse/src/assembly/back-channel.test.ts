import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import * as client from "openid-client";
import { systemClock } from "../kernel/clock.ts";
import { requireConfig } from "../kernel/config.ts";
import { systemRandom } from "../kernel/random.ts";
import type { BackChannel } from "./back-channel.ts";
import { openGatehouse, type Gatehouse } from "./gatehouse.ts";

const SECRET = "a-secret-of-a-machine-that-nobody-guesses";
const ISSUER = "https://app.example";
const VISITOR = { ip: "192.0.2.7" };

describe("the back channel", () => {
  let directory: string;
  let gatehouse: Gatehouse;
  let backChannel: BackChannel;

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "gatehouse-back-channel-"));
    const config = requireConfig({
      file: {
        dataDirectory: directory,
        server: { publicUrl: ISSUER, trustedProxies: ["127.0.0.1/32"] },
        identity: { algorithms: ["ES256"], clients: [{ id: "machine", secret: SECRET }] },
      },
      clock: systemClock,
    });
    gatehouse = await openGatehouse({ config, clock: systemClock, random: systemRandom, log: "quiet" });
    ({ backChannel } = gatehouse.services);
  });
  after(async () => {
    await gatehouse[Symbol.asyncDispose]();
    await rm(directory, { recursive: true, force: true });
  });

  it("takes a client of the same process from discovery to a token, without a server that listens", async () => {
    const through = backChannel.fetchFor(VISITOR);
    const config = await client.discovery(new URL(ISSUER), "machine", SECRET, client.ClientSecretBasic(SECRET), {
      [client.customFetch]: (url, options) => through(url, options as RequestInit),
    });
    const { access_token: token } = await client.clientCredentialsGrant(config);
    assert.equal((await client.tokenIntrospection(config, token)).active, true);
  });

  it("counts against the visitor it asks for, and not against other visitors", async () => {
    const jwks = `${ISSUER}/.well-known/jwks.json`;
    const remaining = async (ip: string): Promise<number> => {
      const response = await backChannel.fetchFor({ ip })(jwks);
      assert.equal(response.status, 200);
      return Number(response.headers.get("x-ratelimit-remaining"));
    };
    const first = await remaining("192.0.2.8");
    assert.equal(await remaining("192.0.2.8"), first - 1);
    assert.equal(await remaining("192.0.2.9"), first);
  });

  it("reaches no other host", async () => {
    assert.equal((await backChannel.fetchFor()("https://other.example/.well-known/jwks.json")).status, 421);
  });

  it("asks nothing once it was given up", async () => {
    const asking = backChannel.fetchFor()(`${ISSUER}/.well-known/jwks.json`, { signal: AbortSignal.abort() });
    await assert.rejects(asking, { name: "AbortError" });
  });
});
