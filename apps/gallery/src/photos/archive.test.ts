// A guest gives a file the name that the archive would give to somebody else's photo, or one that differs from it in
// capital letters alone. Whoever unpacks the archive has one file of the two, and the other photo is gone.
import assert from "node:assert/strict";
import { it } from "node:test";
import { archiveOf } from "./archive.ts";

const PARTY = { name: "party", grant: { id: "host:party", generation: 1 } };
const holds = async (): Promise<boolean> => true;

/** The names in a zip file, of its local headers. */
function namesIn(zip: Buffer): string[] {
  const names = [];
  for (let at = zip.indexOf("PK\x03\x04"); at >= 0; at = zip.indexOf("PK\x03\x04", at + 4)) {
    names.push(zip.toString("utf8", at + 30, at + 30 + zip.readUInt16LE(at + 26)));
  }
  return names;
}

it("an archive has no two names that a disk may take for one", async () => {
  const names = ["IMG.jpg", "IMG (2).jpg", "IMG.jpg", "img.JPG", "Caf\u00e9.jpg", "Cafe\u0301.jpg", "IMG (2).jpg"];
  const files = names.map((name) => ({ key: "k", name, bytes: 1, changedAt: 0 }));
  const get = async () => ({ bytes: 1, sha256: undefined, body: new Blob(["x"]).stream() });
  // Nothing else of a target is asked for.
  const target = { get } as unknown as Parameters<typeof archiveOf>[1]["target"];
  const archive = archiveOf({ ...PARTY, files }, { target, method: "GET", holds });
  const packed = namesIn(Buffer.from(await archive.arrayBuffer()));
  assert.equal(packed.length, names.length);
  assert.equal(new Set(packed.map((name) => name.normalize("NFC").toLowerCase())).size, names.length, packed.join());
});

// Attack: a guest asks for the archive and goes away, or asks for its head alone, again and again. Each time a file stays
// open, until the server can open none any more, nor accept a connection.
it("an archive leaves no file open that nobody reads on", async () => {
  let opened = 0;
  let closed = 0;
  const get = async () => {
    opened += 1;
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new Uint8Array(1000)),
      cancel: () => void (closed += 1),
    });
    return { bytes: 1e9, sha256: undefined, body };
  };
  // Nothing else of a target is asked for.
  const target = { get } as unknown as Parameters<typeof archiveOf>[1]["target"];
  const archive = { ...PARTY, files: [{ key: "k", name: "a.jpg", bytes: 1e9, changedAt: 0 }] };
  const reader = archiveOf(archive, { target, method: "GET", holds }).body?.getReader();
  await reader?.read();
  await reader?.read();
  await reader?.cancel().catch(() => undefined);
  assert.deepEqual([opened, closed], [1, 1]);
  const head = archiveOf(archive, { target, method: "HEAD", holds });
  assert.deepEqual([head.status, head.body, opened], [200, null, 1]);
});

// Attack: somebody begins to download slowly, and goes on for hours after the host has taken the invitation back.
it("an archive ends where the grant does under which it was begun", async () => {
  let left = 2;
  const get = async () => ({ bytes: 1, sha256: undefined, body: new Blob(["x"]).stream() });
  // Nothing else of a target is asked for.
  const target = { get } as unknown as Parameters<typeof archiveOf>[1]["target"];
  const files = ["a", "b", "c"].map((name) => ({ key: name, name: `${name}.jpg`, bytes: 1, changedAt: 0 }));
  const ending = async (): Promise<boolean> => (left -= 1) >= 0;
  const archive = archiveOf({ ...PARTY, files }, { target, method: "GET", holds: ending });
  await assert.rejects(archive.arrayBuffer(), /may not have it any more/);
});

// Attack: the same with one video, which is so long that there is no next file to be asked before.
it("an archive ends within a file, too", async () => {
  const piece = new Uint8Array(65_536);
  let read = 0;
  const endless = () =>
    new ReadableStream<Uint8Array>({
      pull(controller) {
        read += piece.length;
        if (read > 64 << 20) controller.close();
        else controller.enqueue(piece);
      },
    });
  // Nothing else of a target is asked for.
  const target = {
    get: async () => ({ bytes: 64 << 20, sha256: undefined, body: endless() }),
  } as unknown as Parameters<typeof archiveOf>[1]["target"];
  const files = [{ key: "k", name: "film.mp4", bytes: 64 << 20, changedAt: 0 }];
  const archive = archiveOf({ ...PARTY, files }, { target, method: "GET", holds: async () => read < 4 << 20 });
  await assert.rejects(archive.arrayBuffer(), /may not have it any more/);
  assert.ok(read < 8 << 20, `${read} bytes were read`);
});
