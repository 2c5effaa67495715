import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { describe, it } from "node:test";
import { Hono } from "hono";

import { defineApplication } from "./application.ts";
import { askServer, controlSocketPath } from "./control-socket.ts";
import { serve } from "./serve.ts";

async function withDirectory(work: (directory: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "gatehouse-serve-"));
  try {
    await work(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

const application = defineApplication({
  open: () => ({ routes: () => new Hono().get("/", (context) => context.text("Hello")) }),
});

function serveIn(directory: string, port = 0) {
  const settings = { profile: "development", dataDirectory: directory, server: { port } } as const;
  return serve({ application, settings, log: "quiet" });
}

describe("serve", () => {
  it("answers for the application and for its own health, until it is closed", () =>
    withDirectory(async (directory) => {
      await using server = await serveIn(directory);
      assert.match(server.origin, /^http:\/\/localhost:\d+$/);
      assert.equal(await (await fetch(server.origin)).text(), "Hello");
      const ready = await fetch(`${server.origin}/readyz`);
      assert.equal(ready.status, 200);
      await server.close();
      await assert.rejects(fetch(server.origin), TypeError);
    }));

  it("issues links that lead in, and none for what nobody enters", () =>
    withDirectory(async (directory) => {
      await using server = await serveIn(directory);
      const link = await server.issueLink("console");
      assert.ok(link.startsWith(`${server.origin}/console/enter/`), link);
      assert.equal((await fetch(link)).status, 200);
      await assert.rejects(server.issueLink("cellar"), /cellar/);
    }));

  it("is operated through the socket in its data directory, until it is closed", () =>
    withDirectory(async (directory) => {
      await using server = await serveIn(directory);
      const path = controlSocketPath(directory);
      const answer = await askServer(path, { action: "links.issue", input: { purpose: "console" } });
      assert.equal(answer?.origin, server.origin);
      assert.equal(answer.outcome.ok, true);
      const denied = await askServer(path, { action: "links.issue", input: { purpose: "cellar" } });
      assert.equal(denied?.outcome.ok, false);
      await server.close();
      assert.equal(await askServer(path, { action: "bans.list", input: {} }), undefined);
    }));

  it("lists all that is wrong with its settings", async () => {
    const settings = { profile: "development", server: { port: -1 }, session: { idle: "soon" } };
    // What a program in JavaScript may pass.
    await assert.rejects(serve({ application, settings: settings as never }), (error: Error) => {
      assert.equal(error.name, "ConfigError");
      assert.match(error.message, /server\.port/);
      assert.match(error.message, /session\.idle/);
      return true;
    });
  });

  it("lets go of its data when its port is another's", () =>
    withDirectory(async (directory) => {
      const other = createServer().listen(0, "127.0.0.1");
      await once(other, "listening");
      const { port } = other.address() as AddressInfo;
      await assert.rejects(serveIn(directory, port), { name: "ListenError" });
      other.close();
      await using server = await serveIn(directory);
      assert.equal((await fetch(server.origin)).status, 200);
    }));

  it("leaves no listeners for signals behind", () =>
    withDirectory(async (directory) => {
      const before = process.listenerCount("SIGTERM");
      const server = await serveIn(directory);
      assert.equal(process.listenerCount("SIGTERM"), before + 1);
      await server.close();
      assert.equal(process.listenerCount("SIGTERM"), before);
    }));
});

const PROGRAM = `
import { setTimeout } from "node:timers/promises";
import { Hono } from "hono";
import { serve } from "gatehouse";
const routes = () => new Hono().get("/slow", async (context) => {
  console.log("begun");
  await setTimeout(Number(process.env.PAUSE));
  return context.text("finished");
});
const server = await serve({ application: { open: () => ({ routes }) }, settings: { server: { port: 1 } }, log: "quiet" });
console.log(server.origin);
`;

/** The program above in a process of its own. */
async function startProgram(directory: string, pause: number) {
  // Inside the package, where the modules it imports are found.
  const file = join(import.meta.dirname, `.serve-${process.pid}-${pause}.mjs`);
  await writeFile(file, PROGRAM);
  const child = spawn(process.execPath, ["--conditions=gatehouse-source", file], {
    env: {
      ...process.env,
      ...{ GATEHOUSE_PROFILE: "development", GATEHOUSE_SERVER_PORT: "0", GATEHOUSE_DATA_DIRECTORY: directory },
      PAUSE: String(pause),
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const line = async (): Promise<string> => String((await lines.next()).value);
  const origin = await line();
  await rm(file);
  return { child, origin, line };
}

async function exitOf(child: ChildProcess): Promise<unknown[]> {
  return child.exitCode === null && child.signalCode === null
    ? once(child, "exit")
    : [child.exitCode, child.signalCode];
}

describe("a program that serves", () => {
  it("takes what the environment says before its settings, and finishes what is under way at SIGTERM", () =>
    withDirectory(async (directory) => {
      const { child, origin, line } = await startProgram(directory, 500);
      const answer = fetch(`${origin}/slow`);
      assert.equal(await line(), "begun");
      child.kill("SIGTERM");
      assert.equal(await (await answer).text(), "finished");
      assert.deepEqual(await exitOf(child), [0, null]);
    }));

  it("ends at once at the second signal", () =>
    withDirectory(async (directory) => {
      const { child, origin, line } = await startProgram(directory, 600_000);
      const answer = assert.rejects(fetch(`${origin}/slow`));
      assert.equal(await line(), "begun");
      child.kill("SIGINT");
      // Asked again and again: which of them comes second is the operating system's matter.
      const again = setInterval(() => child.kill("SIGTERM"), 50);
      assert.deepEqual(await exitOf(child), [null, "SIGTERM"]);
      clearInterval(again);
      await answer;
    }));
});

const REFUSED = `
import { serve } from "gatehouse";
await serve({ application: {}, settings: { profile: "developement" } });
`;

describe("a program that cannot serve", () => {
  it("says what is wrong and where it was asked, not where Gatehouse found out", async () => {
    const file = join(import.meta.dirname, `.serve-${process.pid}-refused.mjs`);
    await writeFile(file, REFUSED);
    const child = spawn(process.execPath, ["--conditions=gatehouse-source", file], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    const said = await text(child.stderr);
    await rm(file);
    assert.match(said, /ConfigError: The configuration cannot be used:\n  - profile: expected/);
    const frames = said.split("\n").filter((line) => /^\s+at /.test(line));
    assert.equal(frames.length, 1, said);
    assert.match(frames[0] ?? "", /-refused\.mjs:3/);
    assert.doesNotMatch(said, /publicUrl/);
    assert.deepEqual(await exitOf(child), [1, null]);
  });
});
