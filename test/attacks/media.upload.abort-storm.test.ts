// Clients break off in the middle of everything: of heads, of content, of answers, while others take over. Each time the
// server could crash (as tus-node-server did, #409, #411, #747), or leave a file open, a lock held or a byte unaccounted.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readdir, readlink } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { openCollections, until, type CollectionServer } from "../support/collections.ts";
import { createDice, sized } from "../faults/drill.ts";
import { idIn, tusBegin, tusHead, tusPatch } from "../support/tus.ts";

const LENGTH = 400_000;

/** Files in quarantine that this process has open. */
async function openFiles({ directory }: CollectionServer): Promise<number> {
  const links = (await readdir("/proc/self/fd")).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => ""));
  return (await Promise.all(links)).filter((path) => path.startsWith(join(directory, "media"))).length;
}

describe("clients that break off at any moment", { skip: process.platform !== "linux" }, () => {
  it("lose nothing that was acknowledged, and leave nothing open", async () => {
    const dice = createDice();
    await using server = await openCollections({ settings: { limits: { trustedCidrs: ["127.0.0.1"] } } });
    const content = randomBytes(LENGTH);
    const { hostname, port } = new URL(server.url);
    const paths = await Promise.all(Array.from({ length: 6 }, async () => (await tusBegin(server.url, LENGTH)).path));
    const offsets = new Map<string, number>(paths.map((path) => [path, 0]));
    for (let round = 0; round < sized(120, 2_000); round += 1) {
      const path = dice.pick(paths);
      const head = await tusHead(server.url, path);
      const offset = Number(head.headers["upload-offset"]);
      assert.ok(offset >= (offsets.get(path) ?? 0), `seed ${dice.seed}: what was told is lost`);
      offsets.set(path, offset);
      if (offset === LENGTH) continue;
      const lines = [
        `${dice.chance(0.1) ? "POST" : "PATCH"} ${path} HTTP/1.1`,
        `Host: ${hostname}:${port}`,
        "Authorization: Bearer mia",
        "Tus-Resumable: 1.0.0",
        `Upload-Offset: ${offset}`,
        "Content-Type: application/offset+octet-stream",
        `Content-Length: ${LENGTH - offset}`,
      ];
      const bytes = Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n\r\n`), content.subarray(offset)]);
      const sent = dice.chance(0.2) ? dice.integer(0, 300) : dice.integer(0, Math.min(bytes.length, 90_000));
      const socket = connect(Number(port), hostname);
      socket.on("error", () => undefined);
      socket.write(bytes.subarray(0, sent));
      if (dice.chance(0.7)) await pause(dice.integer(0, 12));
      if (dice.chance(0.5)) socket.destroy();
      else if (dice.chance(0.5)) socket.resetAndDestroy();
      else setTimeout(() => socket.destroy(), dice.integer(0, 40));
    }
    await until(async () => (await openFiles(server)) === 0);
    for (const path of paths) {
      const offset = Number((await tusHead(server.url, path)).headers["upload-offset"]);
      const last = await tusPatch(server.url, path, { offset, body: content.subarray(offset) });
      assert.equal(last.headers["upload-offset"], String(LENGTH), `seed ${dice.seed}`);
      assert.ok((await server.content(idIn(path))).equals(content), `seed ${dice.seed}: the content is another`);
    }
    assert.equal((await server.received()).length, paths.length);
    await until(async () => (await openFiles(server)) === 0);
    assert.deepEqual(server.errors, [], `seed ${dice.seed}`);
  });
});
