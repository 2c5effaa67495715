import assert from "node:assert/strict";
import { parseArgs } from "node:util";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { Clock } from "./clock.ts";
import {
  describeFlags,
  describeOptions,
  defineConfig,
  resolveConfig,
  type Config,
  type ConfigSources,
} from "./config.ts";

const NOW = Date.parse("2027-01-01T00:00:00Z");
const DAY = 86_400_000;
const clock: Clock = { now: () => NOW, monotonic: () => 0 };

/** Whether two types are the same; a compile-time test. */
type Same<Left, Right> = (<T>() => T extends Left ? 1 : 2) extends <T>() => T extends Right ? 1 : 2 ? true : false;

const safe = { server: { publicUrl: "https://app.example", trustedProxies: ["127.0.0.1/32"] } };

function resolve(sources: Omit<ConfigSources, "clock">): Config {
  const result = resolveConfig({ ...sources, clock });
  assert.ok(result.ok, result.ok ? "" : result.faults.map(({ message }) => message).join("\n"));
  return result.config;
}

function refuse(sources: Omit<ConfigSources, "clock">): readonly string[] {
  const result = resolveConfig({ ...sources, clock });
  assert.ok(!result.ok, "expected a refusal");
  return result.faults.map(({ message }) => message);
}

function refuseOne(file: unknown, profile: "development" | "production", expected: RegExp): void {
  const messages = refuse({ file, profile });
  assert.equal(messages.length, 1, messages.join("\n"));
  assert.match(messages[0] ?? "", expected);
}

describe("resolveConfig", () => {
  it("gives every option its default", () => {
    const config = resolve({ profile: "development" });
    assert.equal(config.profile, "development");
    assert.equal(config.server.port, 8080);
    assert.equal(config.server.bodyLimit, 1_048_576);
    assert.equal(config.limits.window, 60_000);
    assert.equal(config.penalties.hard.duration, DAY);
    assert.equal(config.seal.plaintextUntil, undefined);
    assert.equal(config.log.format, "readable");
    assert.deepEqual(config.guards, {});
  });

  it("lets the file win over defaults, the environment over the file, and flags over all", () => {
    const file = { ...safe, server: { ...safe.server, port: 1, host: "127.0.0.2", bodyLimit: "2KiB" } };
    const environment = { GATEHOUSE_SERVER_PORT: "2", GATEHOUSE_SERVER_HOST: "127.0.0.3", PORT: "9" };
    const config = resolve({ file, environment, flags: { port: "3" } });
    assert.equal(config.server.port, 3);
    assert.equal(config.server.host, "127.0.0.3");
    assert.equal(config.server.bodyLimit, 2048);
  });

  it("is the production profile unless told otherwise, by the caller last of all", () => {
    assert.equal(resolve({ file: safe }).profile, "production");
    assert.equal(
      resolve({ file: safe, profile: "development", flags: { profile: "production" } }).profile,
      "production",
    );
    assert.equal(resolve({ profile: "development" }).profile, "development");
  });

  it("takes defaults from the session preset", () => {
    const app = resolve({ file: safe }).session;
    const idp = resolve({ file: { ...safe, session: { preset: "idp", absolute: "10h" } } }).session;
    assert.deepEqual({ ...app }, { preset: "app", idle: 3_600_000, absolute: 43_200_000, sameSite: "strict" });
    assert.deepEqual({ ...idp }, { preset: "idp", idle: 7_200_000, absolute: 36_000_000, sameSite: "lax" });
  });

  it("freezes what it gives, at every depth", () => {
    const config = resolve({ file: { ...safe, cors: { origins: ["https://a.example"] } } });
    assert.ok(Object.isFrozen(config));
    assert.ok(Object.isFrozen(config.penalties.soft));
    assert.ok(Object.isFrozen(config.cors.origins));
  });

  it("gives typed values", () => {
    const typed: [
      Same<Config["server"]["port"], number>,
      Same<Config["server"]["publicUrl"], string | undefined>,
      Same<Config["session"]["sameSite"], "strict" | "lax">,
      Same<Config["server"]["tls"]["development"], boolean>,
      Same<Config["cors"]["origins"], readonly string[]>,
    ] = [true, true, true, true, true];
    assert.ok(typed.every(Boolean));
    // @ts-expect-error -- a file with an unknown option does not compile
    assert.ok(defineConfig({ server: { prot: 1 } }));
    // @ts-expect-error -- nor one with a time span without a unit
    assert.ok(defineConfig({ session: { idle: 30 } }));
  });

  it("reads lists, sizes, instants and guard modes from the environment", () => {
    const config = resolve({
      profile: "development",
      environment: {
        GATEHOUSE_SERVER_TRUSTED_PROXIES: "10.0.0.0/8, 2001:db8::/32",
        GATEHOUSE_SERVER_BODY_LIMIT: "64KiB",
        GATEHOUSE_SEAL_PLAINTEXT_UNTIL: "2027-01-31",
        GATEHOUSE_GUARDS: '{"csrf":{"mode":"off","reason":"load test"}}',
        GATEHOUSE_CORS_CREDENTIALS: "false",
        GATEHOUSE_STORE_POSTGRES_URL: "",
      },
    });
    assert.deepEqual(config.server.trustedProxies, ["10.0.0.0/8", "2001:db8::/32"]);
    assert.equal(config.server.bodyLimit, 65_536);
    assert.equal(config.seal.plaintextUntil, NOW + 30 * DAY);
    assert.deepEqual(config.guards, { csrf: { mode: "off", reason: "load test" } });
    assert.equal(config.store.postgresUrl, undefined);
  });

  it("reads secrets from the files that _FILE variables name", () => {
    const environment = { GATEHOUSE_STORE_POSTGRES_URL_FILE: "/run/secrets/url" };
    const readSecretFile = (path: string): string => (path === "/run/secrets/url" ? "postgres://db/app\n" : "");
    assert.equal(resolve({ file: safe, environment, readSecretFile }).store.postgresUrl, "postgres://db/app");
    assert.match(refuse({ file: safe, environment })[0] ?? "", /no such environment variable/);
    const broken = refuse({ file: safe, environment, readSecretFile: () => assert.fail("gone") });
    assert.match(broken[0] ?? "", /GATEHOUSE_STORE_POSTGRES_URL_FILE: the file cannot be read \(gone\)/);
  });

  it("admits the variable that keys.environment names", () => {
    const environment = { GATEHOUSE_KEYS: "{}", GATEHOUSE_KEYS_ENVIRONMENT: "GATEHOUSE_KEYS" };
    assert.equal(resolve({ file: safe, environment }).keys.environment, "GATEHOUSE_KEYS");
    assert.match(
      refuse({ file: safe, environment: { GATEHOUSE_KEYS: "{}" } })[0] ?? "",
      /no such environment variable/,
    );
  });

  it("refuses unknown names and says what was probably meant", () => {
    const messages = refuse({
      file: { ...safe, sever: { port: 1 }, session: { idel: "1h" } },
      environment: { GATEHOUSE_SERVER_PROT: "1" },
      flags: { prot: "1" },
    });
    assert.deepEqual(messages, [
      "sever: there is no such option. Did you mean server?",
      "session.idel: there is no such option. Did you mean session.idle?",
      "GATEHOUSE_SERVER_PROT: there is no such environment variable. Did you mean GATEHOUSE_SERVER_PORT?",
      "--prot: there is no such flag. Did you mean --port?",
    ]);
  });

  it("takes the beginning of a name for the name", () => {
    const file = { ...safe, data: { directory: "/tmp/x" }, server: { ...safe.server, public: "x" } };
    assert.deepEqual(refuse({ file, environment: { GATEHOUSE_DATA: "x" } }), [
      "server.public: there is no such option. Did you mean server.publicUrl?",
      "data: there is no such option. Did you mean dataDirectory?",
      "GATEHOUSE_DATA: there is no such environment variable. Did you mean GATEHOUSE_DATA_DIRECTORY?",
    ]);
  });

  it("asks for nothing that depends on a profile it does not know", () => {
    assert.deepEqual(refuse({ file: { profile: "developement" } }).length, 1);
    assert.deepEqual(refuse({ file: { profil: "development" } }), [
      "profil: there is no such option. Did you mean profile?",
    ]);
    assert.equal(refuse({ environment: { GATEHOUSE_PROFILE: "dev" } }).length, 1);
    assert.equal(refuse({ environment: { GATEHOUSE_PROFIL: "development" } }).length, 1);
    assert.equal(refuse({ flags: { profil: "development" } }).length, 1);
  });

  it("reports all faults together, those of values and of combinations", () => {
    const messages = refuse({
      file: { server: { port: "many", publicUrl: "http://app.example" }, counters: { onFailure: "allow" }, limits: 3 },
      environment: { GATEHOUSE_SESSION_IDLE: "30" },
    });
    assert.deepEqual(
      messages.map((message) => message.split(":")[0]),
      ["limits", "server.port", "GATEHOUSE_SESSION_IDLE", "server.publicUrl", "counters.onFailure"],
    );
  });

  it("never repeats a secret", () => {
    const messages = refuse({ file: { ...safe, store: { engine: "postgres", postgresUrl: "mysql://u:hunter2@db" } } });
    assert.equal(messages.length, 1);
    assert.doesNotMatch(messages.join(), /hunter2/);
  });

  it("refuses each contradiction, in either profile", () => {
    refuseOne({ server: { host: "0.0.0.0" } }, "development", /^server\.host: .*127\.0\.0\.1/);
    refuseOne({ server: { tls: { key: "k.pem" } } }, "development", /^server\.tls\.certificate: /);
    refuseOne(
      { server: { tls: { certificate: "c", key: "k", development: true } } },
      "development",
      /^server\.tls\.dev/,
    );
    refuseOne({ store: { engine: "postgres" } }, "development", /^store\.postgresUrl: /);
    const owner = "postgres://owner@localhost/app";
    const store = { engine: "postgres", postgresUrl: owner, postgresMigratorUrl: owner };
    refuseOne({ store }, "development", /runs as the owner of the schema may change it/);
    refuseOne({ counters: { engine: "valkey" } }, "development", /^counters\.valkeyUrl: /);
    refuseOne({ session: { idle: "13h" } }, "development", /^session\.idle: /);
    refuseOne({ penalties: { soft: { threshold: 10 } } }, "development", /^penalties\.hard\.threshold: /);
    refuseOne({ cors: { origins: ["*"], credentials: true } }, "development", /^cors\.origins: .*instead of \*/);
    refuseOne({ hsts: { maxAge: "30d" } }, "development", /^hsts\.preload: /);
    refuseOne({ keys: { file: "a", environment: "B" } }, "development", /^keys\.environment: /);
  });

  it("refuses each unsafe setting in production", () => {
    const secure = { publicUrl: "https://app.example" };
    refuseOne({}, "production", /^server\.publicUrl: .*https:\/\//);
    refuseOne({ server: { publicUrl: "http://app.example" } }, "production", /^server\.publicUrl: /);
    refuseOne({ server: { ...secure, host: "0.0.0.0" } }, "production", /^server\.host: .*trustedProxies/);
    refuseOne({ server: { ...secure, tls: { development: true } } }, "production", /^server\.tls\.development: /);
    refuseOne({ server: { ...secure, trustedProxies: ["0.0.0.0/0"] } }, "production", /^server\.trustedProxies: /);
    refuseOne({ ...safe, limits: { trustedCidrs: ["::/0"] } }, "production", /^limits\.trustedCidrs: /);
    refuseOne({ ...safe, csrf: { trustedOrigins: ["http://b.example"] } }, "production", /^csrf\.trustedOrigins: /);
    refuseOne(
      { ...safe, cors: { origins: ["http://b.example"], credentials: true } },
      "production",
      /^cors\.origins: /,
    );
    refuseOne({ ...safe, counters: { onFailure: "allow" } }, "production", /^counters\.onFailure: /);
    refuseOne({ ...safe, store: { postgresUrl: "postgres://db/app?sslmode=disable" } }, "production", /verify-full/);
    for (const name of ["postgresMigratorUrl", "postgresReplicaUrl", "postgresAdminUrl"]) {
      refuseOne({ ...safe, store: { [name]: "postgres://db/app?sslmode=disable" } }, "production", /verify-full/);
    }
    refuseOne({ ...safe, seal: { plaintextUntil: NOW + 91 * DAY } }, "production", /^seal\.plaintextUntil: .*90 days/);
  });

  // Behind a proxy that is not named, every visitor has the proxy's address: whoever misbehaves enough to be banned
  // locks everybody out.
  it("refuses to serve behind a proxy in production without its name, on a loopback address too", () => {
    const server = { publicUrl: "https://app.example" };
    for (const host of ["127.0.0.1", "::1", "localhost"]) {
      refuseOne(
        { server: { ...server, host } },
        "production",
        /^server\.trustedProxies: .*Name the proxy .*127\.0\.0\.1\/32/,
      );
      resolve({ file: { server: { ...server, host, trustedProxies: ["127.0.0.1/32"] } } });
      resolve({ file: { server: { ...server, host, tls: { certificate: "c", key: "k" } } } });
      resolve({ file: { server: { ...server, host } }, profile: "development" });
    }
  });

  // Trusting everybody under another name: mapped addresses, or halves.
  it("refuses to trust everybody in production, however it is written", () => {
    for (const everybody of [["::ffff:0:0/96"], ["::/0"], ["0.0.0.0/0"], ["0.0.0.0/1", "128.0.0.0/1"]]) {
      const server = { ...safe.server, trustedProxies: everybody };
      refuseOne({ server }, "production", /^server\.trustedProxies: If every address/);
      refuseOne({ ...safe, limits: { trustedCidrs: everybody } }, "production", /^limits\.trustedCidrs: /);
    }
  });

  it("accepts the safe neighbours of what it refuses", () => {
    const server = { publicUrl: "https://app.example", host: "0.0.0.0" };
    resolve({ file: { server: { ...server, trustedProxies: ["10.0.0.1"] } } });
    resolve({ file: { server: { ...server, tls: { certificate: "c", key: "k" } } } });
    resolve({ file: { ...safe, cors: { origins: ["*"] } } });
    resolve({
      file: { ...safe, store: { engine: "postgres", postgresUrl: "postgres://localhost/a?sslmode=disable" } },
    });
    resolve({ file: { ...safe, seal: { plaintextUntil: NOW + 89 * DAY } } });
    resolve({ file: { ...safe, hsts: { maxAge: "0s", preload: true } } });
  });

  it("never throws, whatever a file exports", () => {
    fc.assert(
      fc.property(fc.anything({ maxDepth: 4 }), fc.dictionary(fc.string(), fc.string()), (file, environment) => {
        assert.equal(typeof resolveConfig({ file, environment, clock }).ok, "boolean");
      }),
    );
  });
});

describe("describeOptions", () => {
  const options = describeOptions();

  it("describes every option with a sentence, and every default as something that can be written", () => {
    for (const { path, doc, expects } of options) {
      assert.match(doc, /^[A-Z].*\.$/s, path);
      assert.ok(expects.length > 0, path);
    }
    assert.equal(options.find(({ path }) => path === "session.idle")?.default, "1h (app), 2h (idp)");
  });

  it("gives every option its own variable and flag", () => {
    const environment = options.map((option) => option.environment);
    const flags = options.flatMap(({ flag }) => flag ?? []);
    assert.equal(new Set(environment).size, options.length);
    assert.equal(new Set(flags).size, flags.length);
    assert.ok(environment.includes("GATEHOUSE_PENALTIES_SOFT_THRESHOLD"));
  });

  it("has defaults that its own readers accept", () => {
    const config: unknown = resolve({ profile: "development" });
    for (const option of options.filter(({ default: fallback }) => fallback !== undefined)) {
      // Walking a typed object by run-time paths needs an index signature.
      const value = option.path.split(".").reduce((node, name) => (node as Record<string, unknown>)[name], config);
      assert.notEqual(value, undefined, option.path);
    }
  });

  it("tells which settings are refused in production", () => {
    const [rule] = options.find(({ path }) => path === "counters.onFailure")?.refuses ?? [];
    assert.equal(rule?.profile, "production");
    assert.match(rule?.fix ?? "", /local or deny/);
  });
});

describe("describeFlags", () => {
  it("fits parseArgs, and what parseArgs gives fits resolveConfig", () => {
    const args = ["--port", "9000", "--tls", "--data", "/tmp/x", "--profile", "development"];
    const { values } = parseArgs({ args, options: describeFlags() });
    const config = resolve({ flags: values });
    assert.equal(config.server.port, 9000);
    assert.equal(config.server.tls.development, true);
    assert.equal(config.dataDirectory, "/tmp/x");
  });
});
