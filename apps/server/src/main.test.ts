import assert from "node:assert/strict";
import { existsSync, statSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { serve } from "gatehouse";
import { portableMigration } from "gatehouse/store";
import { Client } from "../../../test/support/client.ts";
import { runCommand, startServer, type ServerProcess } from "../../../test/support/server-process.ts";
import { commands } from "./commands.ts";

/** The value of a successful command. */
async function answerOf(data: string, ...words: readonly string[]) {
  const { code, stdout, stderr } = await runCommand([...words, "--json"], { data });
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout);
}

async function withDirectory(work: (directory: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "gatehouse-command-"));
  try {
    await work(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function signGuestbook(server: ServerProcess, message: string): Promise<Client> {
  const client = new Client({ url: server.url });
  await client.open("/events/anna-and-ben");
  const answer = await client.act("guestbook", "sign", { author: "Ada", message });
  assert.equal(answer.status, 200, answer.text);
  return client;
}

describe("gatehouse --help", () => {
  it("lists every command and every option that has a flag", async () => {
    const { code, stdout } = await runCommand(["--help"]);
    assert.equal(code, 0);
    for (const { name, summary } of commands) assert.ok(stdout.includes(name) && stdout.includes(summary), name);
    for (const text of ["--port", "GATEHOUSE_SERVER_PORT", "default 8080", "--json"]) assert.ok(stdout.includes(text));
  });

  it("explains each command by itself", async () => {
    const results = await Promise.all(
      commands.map(async (command) => ({ command, ...(await runCommand([...command.name.split(" "), "--help"])) })),
    );
    for (const { command, code, stdout, stderr } of results) {
      assert.equal(code, 0, stderr);
      assert.match(stdout, new RegExp(`^Usage: gatehouse ${command.name}\\b`));
      assert.ok(stdout.includes(command.summary));
      for (const [name, { doc }] of Object.entries(command.flags ?? {})) {
        assert.ok(stdout.includes(`--${name}`) && stdout.includes(doc), `${command.name} --${name}`);
      }
    }
  });
});

describe("a command for a server that a program started", () => {
  it("needs the data directory alone", () =>
    withDirectory(async (directory) => {
      const data = join(directory, "data");
      const settings = { profile: "development", dataDirectory: data, server: { port: 0 } } as const;
      const application = { migrations: [portableMigration("9001_orders", "CREATE TABLE orders (id {integer})")] };
      // No settings at all: not those of the repository either.
      const options = { data, environment: { GATEHOUSE_CONFIG_FILE: join(directory, "none.ts") } };
      await writeFile(join(directory, "none.ts"), "export default {};\n");
      {
        await using server = await serve({ application, settings, log: "quiet" });
        const { code, stdout, stderr } = await runCommand(["link", "console"], options);
        assert.deepEqual([code, stderr], [0, ""]);
        assert.ok(stdout.startsWith(`${server.origin}/console/enter/`), stdout);
        const second = await runCommand(["start"], options);
        assert.match(second.stderr, /server\.publicUrl/, "a server needs settings of its own");
      }
      const stopped = await runCommand(["bans", "list", "--profile", "development"], options);
      assert.equal(stopped.code, 1);
      assert.match(stopped.stderr, /9001_orders.*--config FILE/);
    }));
});

describe("the configuration of a command", () => {
  async function portFor(directory: string, flags: readonly string[], environment: Record<string, string>) {
    const file = join(directory, "gatehouse.config.ts");
    await writeFile(file, 'export default { profile: "development", server: { port: 5001 } };\n');
    const words = ["config", "--json", "--config", file, ...flags];
    const { code, stdout, stderr } = await runCommand(words, { data: join(directory, "data"), environment });
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout)["server.port"];
  }

  it("comes from flags before the environment before the file before the defaults", () =>
    withDirectory(async (directory) => {
      const environment = { GATEHOUSE_SERVER_PORT: "5002" };
      assert.equal(await portFor(directory, ["--port", "5003"], environment), 5003);
      assert.equal(await portFor(directory, [], environment), 5002);
      assert.equal(await portFor(directory, [], {}), 5001);
      const empty = join(directory, "empty.ts");
      await writeFile(empty, "export default {};\n");
      const { stdout } = await runCommand(["config", "--json"], {
        data: directory,
        environment: {
          GATEHOUSE_CONFIG_FILE: empty,
          GATEHOUSE_SERVER_PUBLIC_URL: "https://app.example",
          GATEHOUSE_SERVER_TRUSTED_PROXIES: "127.0.0.1/32",
          GATEHOUSE_STORE_POSTGRES_URL: "postgres://user:hunter2@localhost/x",
        },
      });
      assert.partialDeepStrictEqual(JSON.parse(stdout), { "server.port": 8080, profile: "production" });
      assert.doesNotMatch(stdout, /hunter2/);
    }));

  it("is refused with everything that is wrong with it, and with what was meant", () =>
    withDirectory(async (directory) => {
      const file = join(directory, "gatehouse.config.ts");
      await writeFile(file, 'export default { server: { prot: 1 }, limits: { limit: "many" } };\n');
      const environment = { GATEHOUSE_SERVER_HOTS: "x" };
      const { code, stdout, stderr } = await runCommand(["config", "--config", file], { environment });
      assert.equal(code, 2);
      assert.equal(stdout, "");
      assert.match(stderr, /server\.prot.*server\.port/);
      assert.match(stderr, /limits\.limit: expected a whole number/);
      assert.match(stderr, /GATEHOUSE_SERVER_HOTS.*GATEHOUSE_SERVER_HOST/);
      const missing = await runCommand(["config", "--config", join(directory, "missing.ts")]);
      assert.equal(missing.code, 2);
      assert.match(missing.stderr, /There is no configuration file at .*missing\.ts/);
      await writeFile(file, 'throw new Error("not today");\n');
      const broken = await runCommand(["config", "--config", file]);
      assert.equal(broken.code, 2);
      assert.match(broken.stderr, /cannot be loaded: not today/);
      await writeFile(file, 'import { defineConfig } from "gatehouse";\nexport default defineConfig({});\n');
      const outside = await runCommand(["config", "--config", file]);
      assert.equal(outside.code, 2);
      assert.match(outside.stderr, /Cannot find package 'gatehouse'.*\n.*keep the file inside the repository/);
    }));

  it("is refused in production when it is unsafe, with the option and the fix", async () => {
    const { code, stderr } = await runCommand(["start", "--profile", "production", "--tls"]);
    assert.equal(code, 2);
    assert.match(stderr, /server\.publicUrl.*Set server\.publicUrl to the https:\/\//);
    assert.match(stderr, /server\.tls\.development.*Set server\.tls\.certificate/);
  });
});

describe("gatehouse start", () => {
  it("says so and ends when its port is used, and names another", () =>
    withDirectory(async (data) => {
      const squatter = createServer();
      await new Promise<void>((resolve) => squatter.listen(0, "127.0.0.1", resolve));
      const address = squatter.address();
      const port = typeof address === "object" ? (address?.port ?? 0) : 0;
      const { code, stderr } = await runCommand(["start", "--port", String(port)], { data });
      squatter.close();
      assert.equal(code, 1);
      assert.match(stderr, new RegExp(`Port ${port} on 127\\.0\\.0\\.1 is used by another program`));
      assert.match(stderr, new RegExp(`--port ${port + 1}`));
      assert.doesNotMatch(stderr, /\n\s+at /);
      const { events } = await answerOf(data, "audit", "list");
      assert.deepEqual(events, []);
    }));

  it("says so and ends when its data directory is used, and leaves the other server alone", async () => {
    await using server = await startServer();
    const { code, stderr } = await runCommand(["start", "--port", "0"], { data: server.data });
    assert.equal(code, 1);
    assert.match(stderr, new RegExp(`The data directory .* is in use.*${server.pid}`));
    assert.doesNotMatch(stderr, /\n\s+at /);
    assert.equal((await answerOf(server.data, "health")).stores[0].state, "up");
  });

  it("takes over from a server that was killed", () =>
    withDirectory(async (data) => {
      const first = await startServer({ data });
      await first.kill();
      await using second = await startServer({ data });
      assert.equal((await answerOf(data, "health")).stores[0].state, "up");
      void second;
    }));

  it("is ready again in no time, and stops cleanly when asked to", (context) =>
    withDirectory(async (data) => {
      const first = await startServer({ data });
      assert.equal(statSync(join(data, "control.sock")).mode & 0o777, 0o600);
      for (const name of ["keys.json", "store.db"]) assert.equal(statSync(join(data, name)).mode & 0o777, 0o600);
      first.signal("SIGINT");
      assert.deepEqual(await first.ended, { code: 0, signal: null });
      for (const name of ["control.sock", "store.pid", "store.db-wal"]) assert.ok(!existsSync(join(data, name)), name);
      const began = performance.now();
      await using second = await startServer({ data });
      const took = performance.now() - began;
      context.diagnostic(`ready after ${Math.round(took)} ms`);
      assert.ok(took < 10_000);
      assert.deepEqual(await second.stop(), { code: 0, signal: null });
    }));
});

describe("commands", () => {
  let data: string;
  before(async () => {
    data = await mkdtemp(join(tmpdir(), "gatehouse-commands-"));
    const server = await startServer({ data });
    await server.stop();
  });
  after(() => rm(data, { recursive: true, force: true }));

  const lines = ["link console", "keys list", "bans list", "inventory", "audit list", "health"];

  it("answer on a stopped installation, here in JSON", async () => {
    const { ban } = await answerOf(data, "bans", "add", "ip", "192.0.2.7", "--reason", "scraping");
    assert.deepEqual(ban.subject, { kind: "ip", value: "192.0.2.7" });
    const answers: Record<string, object> = {};
    for (const line of lines) answers[line] = await answerOf(data, ...line.split(" "));
    assert.partialDeepStrictEqual(answers, {
      "keys list": { versions: [{ version: 1, state: "current" }], rotation: { version: 1, due: false } },
      "bans list": { bans: [{ id: ban.id, reason: "scraping" }] },
      health: { stores: [{ name: "sqlite", state: "up" }], keys: { version: 1, due: false } },
    });
    const { path } = answers["link console"] as { path: string };
    assert.match(path, /^\/console\/enter\/[\w-]{20,}$/);
    const { rows } = answers["inventory"] as { rows: { action: string; entrance: string }[] };
    assert.ok(rows.some(({ action, entrance }) => action === "guestbook.sign" && entrance === "live"));
    const { events } = answers["audit list"] as { events: { name: string }[] };
    assert.deepEqual(
      events.slice(0, 2).map(({ name }) => name),
      ["one_time_link_issued", "source_ban_added"],
    );
  });

  it("refuse a directory without an installation, and leave it as it is", () =>
    withDirectory(async (directory) => {
      const missing = join(directory, "mistyped");
      const asked = [
        ...lines,
        `backup ${join(directory, "copy.db")}`,
        "bans add ip 192.0.2.7 --reason x",
        "keys rotate",
      ];
      const answers = await Promise.all(
        asked.map(async (line) => ({ line, ...(await runCommand(line.split(" "), { data: missing })) })),
      );
      for (const { line, code, stdout, stderr } of answers) {
        assert.equal(code, 2, line);
        assert.equal(stdout, "");
        assert.ok(stderr.includes(`There is no installation in ${missing}.`) && stderr.includes("--data"), stderr);
      }
      assert.ok(!existsSync(missing) && !existsSync(join(directory, "copy.db")));
      assert.equal((await runCommand(["config"], { data: missing })).code, 0);
      // A key file that is rotated for other machines needs no installation.
      const environment = { GATEHOUSE_KEYS_FILE: join(directory, "keys.json") };
      const rotated = await runCommand(["keys", "rotate"], { data: join(directory, "empty"), environment });
      assert.equal(rotated.code, 0, rotated.stderr);
    }));

  it("answer through a running server, here in words", async () => {
    await using server = await startServer({ data });
    using banned = new Client({ url: server.url });
    await banned.open("/events/anna-and-ben");
    const said = async (...words: readonly string[]): Promise<string> => {
      const { code, stdout, stderr } = await runCommand(words, { data });
      assert.equal(code, 0, stderr);
      return stdout;
    };
    const link = await said("link", "console");
    assert.match(link, new RegExp(`^${server.url}/console/enter/[\\w-]{20,}\n$`));
    assert.match(await said("keys", "list"), /VERSION +ID +STATE +CREATED +USED FROM\n1 .* current /);
    assert.match(await said("inventory"), /guestbook\.sign over live \(store\)/);
    const listed = await said("audit", "list");
    assert.match(
      listed,
      /source_ban_added +bans\.add +system:command-line .* ip:192\.0\.2\.7 minutes=60 reason=scraping /,
    );
    await said("keys", "rotate", "--minutes", "30");
    const [, created = "", usedFrom = ""] = /^2 .* next +(\S+) +(\S+)$/m.exec(await said("keys", "list")) ?? [];
    assert.equal(Math.round((Date.parse(usedFrom) - Date.parse(created)) / 60_000), 30);
    assert.match(await said("health"), /sqlite +SQLite +up/);
    await said("bans", "add", "ip", "127.0.0.1", "--reason", "testing", "--minutes", "5");
    const refused = await banned.act("like", "set", { liked: true });
    assert.equal(refused.json.code, "SOURCE_BANNED");
    const refusals = await said("audit", "list", "--outcome", "denied");
    const request = refused.headers["x-request-id"];
    assert.match(refusals, new RegExp(`live\\.request .* SOURCE_BANNED ban=\\S+ reason=testing .* ${request}$`, "m"));
    const list = await said("bans", "list");
    assert.match(list, /ip:192\.0\.2\.7 +all .* scraping/);
    const id = /^(\S+) +ip:127\.0\.0\.1 /m.exec(list)?.[1] ?? "";
    assert.match(await said("bans", "lift", id), /is lifted/);
    assert.equal((await banned.act("like", "set", { liked: true })).status, 200);
    assert.equal((await banned.enter(link.trim())).status, 303);
  });

  it("say what was wrong: 2 for how they were called, 1 for what was refused", async () => {
    const fails = async (code: number, said: RegExp, ...words: readonly string[]): Promise<void> => {
      const result = await runCommand(words, { data });
      assert.equal(result.code, code, `${words.join(" ")}: ${result.stderr}`);
      assert.match(result.stderr, said);
      assert.equal(result.stdout, "");
    };
    await fails(1, /There is no file/, "restore", join(data, "missing"), "--force");
    await using server = await startServer({ data });
    await Promise.all([
      fails(2, /There is no flag --jsom\. Did you mean --json\?/, "bans", "list", "--jsom"),
      fails(2, /Say which ban to lift/, "bans", "lift"),
      fails(2, /Say whom and why/, "bans", "add", "ip", "192.0.2.9"),
      fails(1, /This is not an IP address/, "bans", "add", "ip", "nowhere", "--reason", "x"),
      fails(1, /There is no ban/, "bans", "lift", "nothing"),
      fails(1, /There are no links for "nobody"/, "link", "nobody"),
      fails(2, /--from takes a time/, "audit", "list", "--from", "yesterday"),
      fails(2, /--limit takes a whole number from 1 to 500/, "audit", "list", "--limit", "many"),
      fails(2, /--limit takes a whole number from 1 to 500/, "audit", "list", "--limit", "99999"),
      fails(2, /There is no kind of source "foo": choose ip, user, guest/, "bans", "add", "foo"),
      fails(
        1,
        /^(Copying.*\n)?\S+keys\.json exists already; choose a new name.*\n$/,
        "backup",
        join(data, "keys.json"),
      ),
      fails(1, /\nThere is no folder \/nonexist; make it first.*\n$/, "backup", "/nonexist/x.db"),
    ]);
    void server;
    const { code, stdout } = await runCommand(["bans", "lift", "nothing", "--json"], { data });
    assert.equal(code, 1);
    assert.deepEqual(JSON.parse(stdout), { error: "There is no ban nothing.", code: "NOT_FOUND" });
  });
});

describe("gatehouse keys rotate", () => {
  it("takes effect on a running server without disturbing anybody", () =>
    withDirectory(async (data) => {
      await using server = await startServer({ data });
      using client = await signGuestbook(server, "Before the rotation.");
      using waiting = new Client({ url: server.url });
      await waiting.open("/events/anna-and-ben");
      const token = client.token;
      assert.deepEqual(await answerOf(data, "keys", "rotate", "--minutes", "0").then(({ version }) => version), 2);
      const states = (await answerOf(data, "keys", "list")).versions.map(({ state }: { state: string }) => state);
      assert.equal(states.filter((state: string) => state === "current").length, 1);
      assert.equal(states.length, 2);
      // What was sealed and handed out before still counts: state, page, token, cookie.
      const more = await client.act("guestbook", "more", {}, { token });
      assert.equal(more.status, 200, more.text);
      const first = await waiting.act("guestbook", "sign", { author: "Bob", message: "On a page of before." });
      assert.equal(first.status, 200, first.text);
      assert.match((await client.open("/events/anna-and-ben")).text, /Before the rotation\.[\s\S]*/);
      const cookie = [...client.cookies.values()][0];
      assert.equal((await server.stop()).code, 0);
      await using again = await startServer({ data, port: server.port });
      client.url = again.url;
      assert.equal((await client.act("guestbook", "more", {}, { token })).status, 200);
      assert.equal([...client.cookies.values()][0], cookie);
      const { events } = await answerOf(data, "audit", "list", "--name", "key_rotated");
      assert.equal(events.length, 1);
      const keys = await readFile(join(data, "keys.json"), "utf8");
      assert.equal(statSync(join(data, "keys.json")).mode & 0o777, 0o600);
      assert.ok(!JSON.stringify(events).includes(JSON.parse(keys).versions?.[0]?.key ?? "no key in sight"));
    }));
});

describe("gatehouse backup and restore", () => {
  it("bring back what was there while the server ran on", () =>
    withDirectory(async (directory) => {
      const data = join(directory, "data");
      const file = join(directory, "backup.db");
      {
        await using server = await startServer({ data });
        using client = await signGuestbook(server, "In the backup.");
        const { bytes } = await answerOf(data, "backup", file);
        assert.equal(statSync(file).size, bytes);
        assert.equal(statSync(file).mode & 0o777, 0o600);
        await client.act("guestbook", "sign", { author: "Ada", message: "After the backup." });
        for (const words of [["--force"], []]) {
          const running = await runCommand(["restore", file, ...words], { data });
          assert.equal(running.code, 1);
          assert.match(running.stderr, /in use/);
        }
      }
      const unforced = await runCommand(["restore", file], { data });
      assert.equal(unforced.code, 1);
      assert.match(unforced.stderr, /not empty.*--force/);
      assert.deepEqual(await answerOf(data, "restore", file, "--force"), { restored: true });
      await using server = await startServer({ data });
      using client = new Client({ url: server.url });
      const { text } = await client.open("/events/anna-and-ben");
      assert.match(text, /In the backup\./);
      assert.doesNotMatch(text, /After the backup\./);
    }));
});
