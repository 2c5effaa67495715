import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { NewResumableUpload } from "../kernel/ports/resumable-uploads.ts";
import type { Store } from "../kernel/ports/store.ts";
import { createDocuments } from "../store/sql/documents.ts";
import { createGuestTraces } from "../store/sql/guests/guest-traces.ts";
import { createJoinTokens } from "../store/sql/guests/join-tokens.ts";
import { createResumableUploads } from "../store/sql/media/resumable-uploads.ts";
import { createSessions } from "../store/sql/sessions.ts";
import { useStore, type CreateStoreFixture } from "./store-contract-fixture.ts";

const uploads = createResumableUploads();
const traces = createGuestTraces({ uploads });
const tokens = createJoinTokens();
const sessions = createSessions();
const documents = createDocuments();
const FOREVER = Number.MAX_SAFE_INTEGER;
let numbers = 0;

interface Somebody {
  readonly tenant: string;
  readonly guest: string;
  readonly token: string;
}

/** A guest who came by a token, has a session with a live state, and is sending a file. */
async function arrive(store: Store, { tenant, guest, token }: Somebody): Promise<NewResumableUpload> {
  numbers += 1;
  const upload: NewResumableUpload = {
    ...{ id: numbers.toString(16).padStart(32, "a"), tenant, collection: "party", owner: { type: "guest", id: guest } },
    ...{
      grant: { id: `grant of ${token}`, generation: 1 },
      source: "192.0.2.1",
      kind: "whole",
      parts: [],
      length: 400,
    },
    ...{ name: "me.jpg", declaredType: "image/jpeg", announcedSha256: undefined, metadata: "filename bWUuanBn" },
  };
  await store.write(async (writing) => {
    await tokens.join(writing, { tenant, id: token, guest });
    const session = `session of ${guest} in ${tenant}`;
    const times = { createdAt: 1, seenAt: 1, expiresAt: FOREVER };
    await sessions.create(writing, {
      id: session,
      tenant,
      principalType: "guest",
      principalId: guest,
      grants: [],
      ...times,
    });
    const key = { kind: "live-state", tenant, id: `${guest} ${tenant}` };
    await documents.put(writing, key, { expected: 0, body: "{}", owner: session });
    const bounds = { openPerOwner: 10, openPerGrant: 10, openPerSource: 10, reserve: 400, lifetime: 60_000 };
    assert.equal(await uploads.begin(writing, upload, { room: { quota: undefined }, ...bounds }), undefined);
  });
  return upload;
}

async function addToken(store: Store, tenant: string): Promise<string> {
  numbers += 1;
  const id = `traced token ${numbers}`;
  const kind = { kind: "derived", scopes: ["view"], weak: false, expiresAt: FOREVER } as const;
  const caps = { guests: 9, files: 9, bytes: 9 };
  await store.write((writing) => tokens.create(writing, { id, tenant, collection: "party", label: "", caps, ...kind }));
  return id;
}

/** What erasing what is kept of guests promises on any transactional store. */
export function describeGuestTracesContract(name: string, create: CreateStoreFixture): void {
  describe(`${name}: traces of guests`, () => {
    const current = useStore(create);
    const look = (tenant: string, guest: string) =>
      current().read((reading) => traces.find(reading, { tenant, guest }));

    it("are found, and nothing of them is left once they are erased", async () => {
      const tenant = "house";
      const token = await addToken(current(), tenant);
      const upload = await arrive(current(), { tenant, guest: "mia", token });
      assert.deepEqual(await look(tenant, "mia"), {
        ...{ invitations: [token], sessions: ["session of mia in house"], uploads: 1, liveStates: 1 },
      });
      await current().write((writing) => traces.erase(writing, { tenant, guest: "mia" }));
      assert.equal(await look(tenant, "mia"), undefined);
      const rows = await current().read(async (reading) => ({
        session: await sessions.find(reading, "session of mia in house"),
        state: await documents.get(reading, { kind: "live-state", tenant, id: "mia house" }),
        upload: await uploads.find(reading, upload.id),
        due: await uploads.expired(reading, 100),
        token: await tokens.find(reading, { tenant, id: token }),
      }));
      assert.deepEqual([rows.session, rows.state], [undefined, undefined]);
      assert.doesNotMatch(JSON.stringify(rows.upload), /mia|me\.jpg|192\.0\.2\.1|bWUuanBn/);
      assert.ok(
        rows.due.some(({ id }) => id === upload.id),
        "what is stored of it is deleted next",
      );
      assert.equal(rows.token?.guests, 1, "how many came stays counted");
      const claimed = await current().write((writing) => uploads.claim(writing, { id: upload.id, writer: "one" }));
      assert.equal(claimed, undefined, "nobody goes on with it");
    });

    it("of others, and of somebody called the same in another tenant, stay", async () => {
      const [here, there] = [await addToken(current(), "here"), await addToken(current(), "there")];
      await arrive(current(), { tenant: "here", guest: "ada", token: here });
      await arrive(current(), { tenant: "here", guest: "ben", token: here });
      await arrive(current(), { tenant: "there", guest: "ada", token: there });
      const before = [await look("here", "ben"), await look("there", "ada")];
      await current().write((writing) => traces.erase(writing, { tenant: "here", guest: "ada" }));
      assert.deepEqual([await look("here", "ben"), await look("there", "ada")], before);
      assert.equal(await look("here", "ada"), undefined);
    });

    it("give back the room that was held for what does not arrive any more", async () => {
      const token = await addToken(current(), "full");
      const upload = await arrive(current(), { tenant: "full", guest: "mia", token });
      const asked = { tenant: "full", grant: upload.grant, owner: { type: "guest", id: "next" } };
      const room = { quota: { files: 1, bytes: 400 } };
      const shortage = () => current().read((reading) => uploads.shortage(reading, asked, room));
      const held = await uploadsHeld(current(), upload);
      assert.deepEqual(held, { files: 1, bytes: 400 });
      await current().write((writing) => traces.erase(writing, { tenant: "full", guest: "mia" }));
      assert.deepEqual(await uploadsHeld(current(), upload), { files: 0, bytes: 0 });
      assert.equal(await shortage(), undefined);
    });
  });
}

async function uploadsHeld(store: Store, { tenant, grant }: NewResumableUpload) {
  const text = "SELECT files, bytes FROM media_upload_usage WHERE tenant = ";
  const statement = { sqlite: `${text}?1 AND grant_id = ?2`, postgres: `${text}$1 AND grant_id = $2` };
  const [row] = await store.read((reading) =>
    reading.execute<{ readonly files: number; readonly bytes: number }>(statement, [tenant, grant.id]),
  );
  return row && { files: Number(row.files), bytes: Number(row.bytes) };
}
