import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { askServer, controlSocketPath, serveControl, type ControlRequest } from "./control-socket.ts";

const asked = { action: "keys.list", input: {} };

describe("serveControl", () => {
  let directory: string;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "gatehouse-control-"));
  });
  after(() => rm(directory, { recursive: true, force: true }));

  it("makes the data directory where nothing else has, for its owner alone", async () => {
    const path = controlSocketPath(join(directory, "not", "there"));
    const operate = async (value: ControlRequest) => ({ ok: true, value, limits: [] }) as const;
    await using control = await serveControl(path, { operate, origin: "http://localhost:8080" });
    assert.equal(statSync(dirname(path)).mode & 0o777, 0o700);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    const outcome = { ok: true, value: asked, limits: [] };
    assert.deepEqual(await askServer(path, asked), { outcome, origin: "http://localhost:8080" });
    void control;
  });

  it("reaches data directories that are too deep for a socket's address from the working directory, or says so", () => {
    const deep = "deep/".repeat(25);
    assert.equal(controlSocketPath(join(process.cwd(), "data")), join(process.cwd(), "data", "control.sock"));
    // Too long by two with the working directory, short enough without it.
    const name = "x".repeat(95 - process.cwd().length);
    assert.equal(controlSocketPath(join(process.cwd(), name)), join(name, "control.sock"));
    assert.throws(
      () => controlSocketPath(join(directory, deep)),
      /too long for the local socket.*Choose a shorter one/,
    );
  });

  it("is answered by nobody where no server runs", async () => {
    assert.equal(await askServer(controlSocketPath(join(directory, "nobody")), asked), undefined);
  });
});
