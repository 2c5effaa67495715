// Connections are broken off in the middle of uploads, again and again, or the server is killed in the middle of one. Every
// half of a file that stays behind is disk space that nobody can ever free.
import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { openAlbums, png, RawUpload } from "../support/album.ts";
import { Client } from "../support/client.ts";
import { startServer, type ServerProcess } from "../support/server-process.ts";

const CONFIG = fileURLToPath(new URL("../support/applications/albums.ts", import.meta.url));

describe("an upload whose connection is broken off", () => {
  it("leaves nothing behind, in whatever moment that is", async () => {
    await using albums = await openAlbums({ quota: { files: 10, bytes: 1e9, total: 1e9 } });
    const visitor = await albums.kit.visit();
    for (const sent of [0, 10, 70, 500, 60_000, 199_999]) {
      const upload = new RawUpload(albums, visitor, 200_000);
      upload.socket.write(png(200_000).subarray(0, sent));
      if (sent > 70) await albums.settle(1);
      else await pause(50);
      upload.socket.destroy();
      await albums.settle(0);
    }
    // Nothing counts as waiting any more, and nothing as being sent.
    for (let count = 0; count < 8; count += 1) {
      await visitor.upload({ componentId: "album:main", seed: undefined, version: 0 }, "photo", { content: png() });
    }
    assert.deepEqual(albums.kit.errors, []);
  });
});

describe("a server that stops in the middle of an upload", () => {
  it("does not record that its sender has done anything wrong", async () => {
    await using albums = await openAlbums();
    const { kit, listening } = albums;
    const upload = new RawUpload(albums, await kit.visit(), 200_000);
    upload.socket.write(png(100_000));
    await albums.settle(1);
    await listening.close({ grace: 50 });
    await albums.settle(0);
    const refused = (): string[] => kit.events.filter(({ outcome }) => outcome !== "success").map(({ name }) => name);
    await until(async () => refused().length > 0);
    assert.deepEqual(refused(), ["request_cut_at_stop"]);
    assert.deepEqual(kit.errors, []);
  });
});

/** The files of a server's albums. */
async function filesOf({ data }: ServerProcess): Promise<readonly string[]> {
  return readdir(join(data, "uploads")).catch(() => []);
}

async function until(what: () => Promise<boolean>): Promise<void> {
  for (const end = performance.now() + 20_000; performance.now() < end; await pause(50)) if (await what()) return;
  throw new Error("It did not come to that.");
}

/** A visitor's page: what is needed to upload from it. */
async function visit(client: Client): Promise<Readonly<Record<string, string>>> {
  const { text } = await client.request("/");
  const tickets = /data-live-tickets="([^"]+)"/.exec(text)?.[1]?.replaceAll("&#34;", '"') ?? "{}";
  const { photo = "" } = JSON.parse(tickets) as { photo?: string };
  const token = /name="csrf-token" content="([^"]+)"/.exec(text)?.[1] ?? "";
  return { "x-upload-ticket": photo, "x-csrf-token": token, "content-type": "image/png", accept: "application/json" };
}

describe("a server that is killed in the middle of an upload", () => {
  it("has nothing of it left after its next start, and keeps what was whole", async () => {
    await using server = await startServer({ config: CONFIG });
    using client = new Client({ url: server.url });
    const headers = await visit(client);
    const path = "/api/livecomponents/upload?component_id=album%3Amain&field=photo";
    const whole = await client.request(path, { method: "POST", headers, body: Uint8Array.from(png(50_000)) });
    assert.equal(whole.status, 200, whole.text);
    const cookie = [...client.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const half = new ReadableStream<Uint8Array>({
      async start(controller) {
        controller.enqueue(png(100_000));
        await server.ended;
        controller.close();
      },
    });
    const sending = fetch(server.url + path, {
      ...{ method: "POST", body: half, duplex: "half" },
      headers: { ...headers, cookie, origin: server.url },
    }).catch(() => undefined);
    await until(async () => (await filesOf(server)).some((name) => name.endsWith(".part")));
    await server.kill();
    await sending;
    assert.equal((await filesOf(server)).length, 2);
    // At the same address, which the visitor's cookie is for.
    await using next = await startServer({ config: CONFIG, data: server.data, port: server.port });
    await until(async () => (await filesOf(next)).length === 1);
    client.url = next.url;
    const { id } = whole.json.upload;
    const body = { component_id: "album:main", action: "add", params: { photo: id } };
    const added = await client.request("/api/livecomponents/action", {
      method: "POST",
      headers: { ...headers, "content-type": "application/json", origin: next.url },
      body,
    });
    assert.equal(added.status, 200, added.text);
    assert.equal((await filesOf(next)).length, 1);
  });
});
