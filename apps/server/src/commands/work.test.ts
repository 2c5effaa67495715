import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { runCommand, startServer, type ServerProcess } from "../../../../test/support/server-process.ts";

const CONFIG = fileURLToPath(new URL("../../../../test/support/applications/notes.ts", import.meta.url));
const MAIN = fileURLToPath(new URL("../main.ts", import.meta.url));
const Told = z.object({ order: z.string(), kind: z.string() });
const Changed = z.object({ order: z.string(), state: z.string() });
const Listed = z.object({ orders: z.array(Changed) });
const Found = z.object({ planners: z.array(z.object({ found: z.array(z.object({ order: z.string() })) })) });
const Plan = z.object({ revision: z.number(), digest: z.string() });

describe("gatehouse work", () => {
  let server: ServerProcess;
  before(async () => {
    server = await startServer({ config: CONFIG });
  });
  after(() => server[Symbol.asyncDispose]());

  const run = (...words: string[]) => runCommand(["work", ...words], { data: server.data });
  const json = async (...words: string[]): Promise<unknown> => {
    const { code, stdout, stderr } = await run(...words, "--json");
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout);
  };

  async function until(isSo: () => Promise<boolean>): Promise<void> {
    for (let looks = 0; looks < 60; looks += 1) if (await isSo()) return;
    assert.fail("It did not come to be.");
  }

  /** What `work plan` shows, once the plan is made. */
  async function planOf(order: string): Promise<unknown> {
    const shown: { stdout?: string } = {};
    await until(async () => {
      const { code, stdout } = await run("plan", order, "--json");
      if (code === 0) shown.stdout = stdout;
      return code === 0;
    });
    return JSON.parse(shown.stdout ?? "");
  }

  it("shows what agents have proposed, and decides about it", async () => {
    const { orders } = Listed.parse(await json("list", "--type", "notes.write"));
    const [first, second, third] = orders.map(({ order }) => order);
    assert.ok(first !== undefined && second !== undefined && third !== undefined);
    const { revision, digest } = Plan.parse(await planOf(first));
    const { stdout: plan } = await run("plan", first);
    assert.match(
      plan,
      new RegExp(`revision 1, digest ${digest}[\\s\\S]+approvals: 0 of 1[\\s\\S]+1\\. create note one`),
    );
    // What an agent has written moves no cursor and turns no text around.
    assert.ok(!plan.includes("\u202E") && !plan.includes("\u001B[2J"));
    const seen = ["--revision", String(revision), "--digest"];
    assert.match((await run("approve", first, ...seen, "x".repeat(43))).stderr, /The plan is another one/);
    const { stdout: approved } = await run("approve", first, ...seen, digest, "--notes", "fine");
    assert.match(approved, /is approved/);
    const completed = /state: completed[\s\S]+approve by system command-line fine/;
    await until(async () => completed.test((await run("show", first)).stdout));
    const other = Plan.parse(await planOf(second));
    const said = ["--revision", String(other.revision), "--digest", other.digest, "--reason", "not now"];
    assert.match((await run("reject", second, ...said)).stdout, /is rejected/);
    assert.match((await run("cancel", third, "--reason", "a mistake")).stdout, /is cancelled/);
    assert.match((await run("logs", third)).stdout, /cancelled +system command-line/);
    assert.match(JSON.stringify(await json("export", second)), /notes\.write/);
  });

  it("has nobody review what they have proposed, not even operators", async () => {
    const input = JSON.stringify({ id: "own", text: "mine" });
    const { order } = Changed.parse(await json("propose", "notes.write", "--input", input));
    const { revision, digest } = Plan.parse(await planOf(order));
    const { stderr } = await run("approve", order, "--revision", String(revision), "--digest", digest);
    assert.match(stderr, /Whoever has proposed an order/);
  });

  it("proposes what a file or the standard input holds, and tells what happens as it does", async () => {
    const file = join(server.data, "proposal.json");
    await writeFile(file, JSON.stringify({ id: "filed", text: "from a file" }));
    const following = spawn(
      process.execPath,
      ["--conditions=gatehouse-source", MAIN, "work", "tail", "--json", "--data", server.data],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    let told = "";
    following.stdout.setEncoding("utf8").on("data", (chunk: string) => (told += chunk));
    // What was there before is not told; what happens from the first look on is, however long that takes to begin.
    const orders: string[] = [];
    await until(async () => {
      const { order } = Changed.parse(await json("propose", "notes.write", "--input-file", file));
      orders.push(order);
      return orders.some((id) => told.includes(id));
    });
    const input = JSON.stringify({ id: "piped", text: "from a pipe" });
    const piped = await runCommand(["work", "propose", "notes.write", "--input-stdin", "--json"], {
      data: server.data,
      input,
    });
    assert.equal(piped.code, 0, piped.stderr);
    const { order } = Changed.parse(JSON.parse(piped.stdout));
    await until(async () => {
      await run("show", order);
      return told.includes(order) && told.endsWith("\n");
    });
    const kinds = told
      .trim()
      .split("\n")
      .map((line) => Told.parse(JSON.parse(line)))
      .filter((event) => event.order === order)
      .map(({ kind }) => kind);
    assert.equal(kinds[0], "proposed");
    following.kill("SIGINT");
    const [code] = await once(following, "close");
    assert.equal(code, 0);
  });

  it("has planners look for work, and tells what they would propose", async () => {
    const dry = await run("find", "--dry-run");
    assert.equal(dry.code, 0, dry.stderr);
    assert.match(
      dry.stdout,
      /more-notes: 1 would be proposed, 0 settled, 0 refused\n[\s\S]*- +notes\.write +note-\d+ +-1/,
    );
    const { planners } = Found.parse(await json("find", "more-notes"));
    const [{ found: [{ order } = assert.fail()] } = assert.fail()] = planners;
    const shown = await run("show", order);
    assert.match(shown.stdout, /proposer: system planner:more-notes/);
    const told = await run("find", "more-notes");
    assert.match(told.stdout, /more-notes: 1 proposed/);
    assert.ok(!told.stdout.includes("\u001B[2J"));
    await run("pause", "agent", "planner:more-notes", "--reason", "too much");
    assert.match((await run("find")).stdout, /more-notes is stopped: too much/);
    assert.equal((await run("resume", "agent", "planner:more-notes")).code, 0);
    assert.match((await run("find", "nobody")).stderr, /There is no planner "nobody"\. There are: more-notes\./);
  });

  it("says why there is no plan", async () => {
    const { planners } = Found.parse(await json("find", "more-notes"));
    const [{ found: [{ order } = assert.fail()] } = assert.fail()] = planners;
    await planOf(order);
    assert.match((await run("plan", order, "--revision", "7")).stderr, /There is no plan 7; the newest is 1\./);
  });

  it("stops work and lets it go on", async () => {
    assert.equal((await run("pause", "type", "notes.write", "--reason", "look into it")).code, 0);
    assert.match((await run("pauses")).stdout, /type +notes\.write +command-line/);
    assert.equal((await run("resume", "type", "notes.write")).code, 0);
  });

  it("says what is missing or wrong", async () => {
    const cases = [
      [["show"], /Say which order/],
      [["approve", crypto.randomUUID()], /Say which plan/],
      [["pause", "tenant"], /Say what and why/],
      [["propose", "notes.write", "--input", "{"], /has to be JSON/],
      [["propose", "notes.write"], /Say what, in one way/],
      [["propose", "notes.write", "--input", "{}", "--input-file", "x"], /Say what, in one way/],
      [["propose", "notes.write", "--input-file", "/no/such/file"], /cannot be read/],
      [["tail", crypto.randomUUID()], /There is no such order/],
      [["show", crypto.randomUUID()], /There is no such order/],
      [["propose", "no.such", "--input", "{}"], /There is no such type/],
    ] as const;
    await Promise.all(
      cases.map(async ([words, expected]) => {
        const { code, stderr } = await run(...words);
        assert.notEqual(code, 0);
        assert.match(stderr, expected);
      }),
    );
  });
});
