import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { exportJWK, generateKeyPair, SignJWT, type JWK } from "jose";
import { formatKeyMaterial, generateKeyMaterial, stageKeyMaterial } from "../../kernel/key-material.ts";
import { systemRandom as random } from "../../kernel/random.ts";
import { CLIENT_KIT_API, clientKitKey, openClientKit, type Answer, type ClientKit } from "../../testing/client-kit.ts";
import { createFakeClock, type FakeClock } from "../../testing/fake-clock.ts";
import { createTemporaryDirectory } from "../../testing/sqlite-fixture.ts";

const HOUR = 3_600_000;

describe("nonces of the issuer", () => {
  let clock: FakeClock;
  let keys: JWK[];
  let pair: Awaited<ReturnType<typeof generateKeyPair>>;
  let jwk: JWK;
  let open: () => Promise<ClientKit>;
  const stack = new AsyncDisposableStack();
  before(async () => {
    clock = createFakeClock(Date.now());
    const { path } = stack.use(createTemporaryDirectory());
    const file = join(path, "keys.json");
    const material = generateKeyMaterial(random, clock);
    await writeFile(file, formatKeyMaterial(stageKeyMaterial(material, { random, clock, delay: HOUR })), {
      mode: 0o600,
    });
    keys = [await clientKitKey()];
    pair = await generateKeyPair("ES256", { extractable: true });
    jwk = await exportJWK(pair.publicKey);
    open = async () =>
      stack.use(await openClientKit({ clock, keys, config: { keys: { file } }, identity: { proofNonces: true } }));
  });
  after(() => stack.disposeAsync());

  async function proof(kit: ClientKit, nonce?: string): Promise<string> {
    const said = { htm: "POST", htu: `${kit.origin}/oauth/token`, jti: crypto.randomUUID() };
    return new SignJWT(nonce === undefined ? said : { ...said, nonce })
      .setIssuedAt()
      .setProtectedHeader({ alg: "ES256", typ: "dpop+jwt", jwk })
      .sign(pair.privateKey);
  }

  async function ask(kit: ClientKit, nonce?: string): Promise<Answer> {
    const { id, secret } = await kit.client({ name: "Machine" });
    const grant = { grant_type: "client_credentials", resource: CLIENT_KIT_API, client_id: id, client_secret: secret };
    return kit.token(grant, { dpop: await proof(kit, nonce) });
  }

  function nonceIn({ status, body, headers }: Answer): string {
    assert.deepEqual([status, body["error"]], [400, "use_dpop_nonce"]);
    return headers.get("dpop-nonce") ?? assert.fail("There is no nonce.");
  }

  it("are asked for, and count at every server, of the next start too", async () => {
    const [first, second] = [await open(), await open()];
    const nonce = nonceIn(await ask(first));
    assert.equal((await ask(first, nonce)).body["token_type"], "DPoP");
    assert.equal((await ask(second, nonce)).body["token_type"], "DPoP");
    assert.equal((await ask(await open(), nonce)).body["token_type"], "DPoP");
    nonceIn(await ask(first, `${nonce.slice(0, -1)}${nonce.endsWith("A") ? "B" : "A"}`));
  });

  it("follow the keys of the installation, on all servers at once", async () => {
    const [first, second] = [await open(), await open()];
    const nonce = nonceIn(await ask(first));
    await clock.advance(HOUR + 1);
    const next = nonceIn(await ask(second, nonce));
    assert.equal((await ask(first, next)).body["token_type"], "DPoP");
    assert.equal((await ask(second, next)).body["token_type"], "DPoP");
  });
});
