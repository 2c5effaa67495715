// Attack: a picture takes over the process that decodes it. It looks for the keys, for photos of others in quarantine and
// for the accounts of the machine, puts something beside what is to be published, starts a program of its own, or sends
// home what it has found.
import assert from "node:assert/strict";
import { execFile, fork } from "node:child_process";
import { once } from "node:events";
import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import sharp from "sharp";
import { createTemporaryDirectory } from "../../testing/sqlite-fixture.ts";
import { confinementOf, programOf } from "./confinement.ts";
import { DecoderProcess } from "./decoder-process.ts";
import { DecoderSlot } from "./decoder-slot.ts";

const NEVER = new AbortController().signal;
const LIMITS = { time: 20_000, memory: 1_000_000_000, tasks: 10 };

/** What somebody tries who runs code in such a process; what came of each. */
const PRISONER = `
  import "${import.meta.resolve("./adapters/confine.ts")}";
  import * as fs from "node:fs";
  const [quarantined, elsewhere, port] = process.argv.slice(2);
  const tried = {};
  const attempt = async (name, deed) => {
    try { await deed(); tried[name] = "done"; } catch (error) { tried[name] = error.code ?? error.constructor.name; }
  };
  const loaded = async (name) => { const found = process.getBuiltinModule?.(name) ?? (await import(name)); return found.default ?? found; };
  const connected = (net) => new Promise((resolve, reject) => net.connect(port, "127.0.0.1", resolve).on("error", reject));
  await attempt("own folder", () => fs.readFileSync(new URL("own", import.meta.url)));
  await attempt("accounts", () => fs.readFileSync("/etc/passwd"));
  await attempt("quarantine", () => fs.readFileSync(quarantined));
  await attempt("list", () => fs.readdirSync(elsewhere));
  await attempt("environment", () => fs.readFileSync("/proc/" + process.ppid + "/environ"));
  await attempt("write", () => fs.writeFileSync(elsewhere + "/planted", "x"));
  await attempt("overwrite", () => fs.writeFileSync(quarantined, "x"));
  await attempt("link", () => fs.symlinkSync(quarantined, new URL("link", import.meta.url)));
  await attempt("program", async () => (await loaded("node:child_process")).execFileSync("/bin/true"));
  await attempt("thread", async () => new (await loaded("node:worker_threads")).Worker("0", { eval: true }));
  await attempt("socket", async () => connected(await loaded("node:net")));
  await attempt("web socket", async () => new WebSocket("ws://127.0.0.1:" + port));
  await attempt("request", () => fetch("http://127.0.0.1:" + port));
  await attempt("name", async () => (await loaded("node:dns/promises")).lookup("example.org"));
  console.log(JSON.stringify(tried));
  process.exit();
`;

describe("a process that decodes pictures and was taken over", () => {
  const folder = createTemporaryDirectory();
  const quarantine = join(folder.path, "quarantine");
  const quarantined = join(quarantine, "other");
  const work = join(folder.path, "work");
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    socket.destroy();
  });
  before(async () => {
    mkdirSync(quarantine);
    writeFileSync(quarantined, "somebody's");
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  });
  after(() => {
    server.close();
    folder[Symbol.dispose]();
  });

  for (const name of ["heif-child", "sharp-child"] as const) {
    it(`${name}: sees nothing of ours, and reaches nobody`, async () => {
      const slot = new DecoderSlot(work);
      const prisoner = join(slot.path, "prisoner.mjs");
      writeFileSync(prisoner, PRISONER);
      writeFileSync(join(slot.path, "own"), "mine");
      // It listens on an address of this machine.
      const { port } = server.address() as AddressInfo;
      const options = [...confinementOf(name, slot.path), prisoner, quarantined, quarantine, String(port)];
      const { stdout } = await promisify(execFile)(process.execPath, options, { env: {} });
      const { "own folder": own, ...others } = JSON.parse(stdout) as Record<string, string>;
      assert.equal(own, "done");
      assert.equal(Object.keys(others).length, 13);
      for (const [deed, outcome] of Object.entries(others)) assert.notEqual(outcome, "done", deed);
      assert.equal(connections, 0);
      assert.equal(readFileSync(quarantined, "utf8"), "somebody's");
      assert.deepEqual(readdirSync(quarantine), ["other"]);
    });

    it(`${name}: opens no picture but the one it is given`, async () => {
      const slot = new DecoderSlot(work);
      const child = fork(programOf(name), [], {
        ...{ serialization: "advanced", env: {}, execArgv: [...confinementOf(name, slot.path)] },
      });
      const made = join(slot.path, "made");
      child.send(
        name === "heif-child"
          ? { task: "decode", type: "image/avif", source: quarantined, target: made, pixels: 1e6 }
          : { task: "encode", source: quarantined, pixels: 1e6, channels: 5, outputs: [] },
      );
      const [answer] = await once(child, "message");
      child.kill();
      assert.match(JSON.stringify(answer), /Access to this API has been restricted/);
    });
  }

  it("has only the picture of its task in its folder, and nothing is left of it", async () => {
    using child = new DecoderProcess({ adapter: "sharp-child", folder: work }, LIMITS);
    const source = join(folder.path, "photo");
    await sharp({ create: { width: 10, height: 10, channels: 3, background: "red" } })
      .png()
      .toFile(source);
    const [own = ""] = readdirSync(work).filter(
      (name) => name.startsWith("decoder-") && readdirSync(join(work, name)).length === 0,
    );
    const outputs = [{ name: "view", target: join(folder.path, "view"), format: "webp" }] as const;
    const answer = await child.run({ task: "encode", source, pixels: 1e6, channels: 5, outputs }, NEVER);
    assert.equal(answer.ok, true);
    assert.equal((await sharp(outputs[0].target).metadata()).width, 10);
    assert.deepEqual(readdirSync(join(work, own)), []);
    assert.ok(existsSync(source));
  });

  it("has no link published that it leaves in the place of a picture", async () => {
    const slot = new DecoderSlot(work);
    const [symbolic, hard] = [join(slot.path, "symbolic"), join(slot.path, "hard")];
    symlinkSync(quarantined, symbolic);
    linkSync(quarantined, hard);
    const target = join(folder.path, "published");
    const task = { task: "encode", source: "", pixels: 1, channels: 5, outputs: [] } as const;
    for (const made of [symbolic, hard, join(slot.path, "absent")])
      assert.equal(await slot.take({ task, targets: [{ made, target }] }), false);
    assert.equal(existsSync(target), false);
  });
});
