import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { decodeJwt } from "jose";
import { systemClock } from "../kernel/clock.ts";
import { requireConfig, type ConfigInput } from "../kernel/config.ts";
import { systemRandom } from "../kernel/random.ts";
import { TEST_CONNECTION } from "../testing/edge-setup.ts";
import type { Application } from "./application.ts";
import { openGatehouse, type Gatehouse } from "./gatehouse.ts";

const SECRET = "a-secret-of-a-machine-that-nobody-guesses";
const API = "https://api.example/";
const CREDENTIALS = `Basic ${btoa(`machine:${SECRET}`)}`;

// Tenants share a process, a store and a client of the same name. A token of one must open nothing of another, and a
// host that is no tenant's must not become an issuer because somebody asked for it.
describe("two tenants of one server, each with an issuer of its own", () => {
  let directory: string;
  let gatehouse: Gatehouse;

  const identity: ConfigInput["identity"] = {
    algorithms: ["ES256"],
    origin: "https://{tenant}.photos.example",
    clients: [{ id: "machine", secret: SECRET }],
    resources: [{ resource: API, scopes: ["photos:read"], format: "jwt" }],
  };

  async function open(application: Application, more: ConfigInput["identity"] = {}): Promise<Gatehouse> {
    const file: ConfigInput = {
      ...{ profile: "production", dataDirectory: directory, console: { enabled: false } },
      server: { publicUrl: "https://photos.example", trustedProxies: ["203.0.113.7/32"] },
      identity: { ...identity, ...more },
    };
    const config = requireConfig({ file, clock: systemClock });
    return openGatehouse({ config, application, clock: systemClock, random: systemRandom, log: "quiet" });
  }

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "gatehouse-tenants-"));
    gatehouse = await open({ tenant: ({ host }) => host.split(".")[0] ?? "" });
  });
  after(async () => {
    await gatehouse[Symbol.asyncDispose]();
    await rm(directory, { recursive: true, force: true });
  });

  function ask(url: string, form?: Readonly<Record<string, string>>): Promise<Response> {
    const init =
      form === undefined
        ? {}
        : { method: "POST", headers: { authorization: CREDENTIALS }, body: new URLSearchParams(form) };
    return gatehouse.handler(new Request(url, init), { ...TEST_CONNECTION, encrypted: true });
  }

  async function documentOf(response: Response): Promise<Record<string, unknown>> {
    assert.equal(response.status, 200);
    return Object(await response.json());
  }

  it("describes each under its own address", async () => {
    for (const tenant of ["harbour", "summit"]) {
      const origin = `https://${tenant}.photos.example`;
      const said = await documentOf(await ask(`${origin}/.well-known/openid-configuration`));
      assert.deepEqual([said["issuer"], said["jwks_uri"]], [origin, `${origin}/.well-known/jwks.json`]);
    }
  });

  for (const resource of [undefined, API]) {
    it(`refuses the ${resource === undefined ? "opaque" : "signed"} token of one at the other`, async () => {
      const harbour = "https://harbour.photos.example/oauth";
      const summit = "https://summit.photos.example/oauth";
      const grant = { grant_type: "client_credentials", ...(resource === undefined ? {} : { resource }) };
      const { access_token: token } = await documentOf(await ask(`${harbour}/token`, grant));
      assert.ok(typeof token === "string");
      if (resource !== undefined) assert.equal(decodeJwt(token).iss, "https://harbour.photos.example");
      const active = async (at: string) => (await documentOf(await ask(`${at}/introspect`, { token })))["active"];
      assert.deepEqual([await active(harbour), await active(summit)], [true, false]);
      await ask(`${summit}/revoke`, { token });
      assert.equal(await active(harbour), true, "after the other's revocation");
    });
  }

  it("answers for no host that is not its tenant's", async () => {
    assert.equal((await ask("https://harbour.evil.example/.well-known/openid-configuration")).status, 421);
    assert.equal((await ask("https://summit.photos.example/.well-known/openid-configuration")).status, 200);
  });

  it("takes addresses from the application where it has them", async () => {
    await gatehouse[Symbol.asyncDispose]();
    gatehouse = await open({
      tenant: ({ host }) => (host === "fotos.example" ? "harbour" : "default"),
      issuer: (tenant) => (tenant === "harbour" ? "https://fotos.example" : "https://photos.example"),
    });
    const said = await documentOf(await ask("https://fotos.example/.well-known/openid-configuration"));
    assert.equal(said["issuer"], "https://fotos.example");
    assert.equal((await ask("https://harbour.photos.example/.well-known/openid-configuration")).status, 421);
  });
});
