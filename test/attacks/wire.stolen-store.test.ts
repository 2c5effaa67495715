// Somebody gets hold of the store: a backup, a disk, write access to the file. What components keep must be of no use
// to them without the keys, and nothing they change may be taken for genuine.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, it } from "node:test";
import type { Client } from "../support/client.ts";
import type { ServerProcess } from "../support/server-process.ts";
import { eventually, send, startWorkshop, visitWorkshop } from "../support/workshop.ts";

async function withData(work: (data: string) => Promise<void>): Promise<void> {
  const data = await mkdtemp(join(tmpdir(), "gatehouse-stolen-"));
  try {
    await work(data);
  } finally {
    await rm(data, { recursive: true, force: true });
  }
}

/** Everything in the data directory but the keys, as bytes. */
function stolen(data: string): Buffer {
  const files = readdirSync(data).filter((name) => name.startsWith("store.db"));
  assert.ok(files.length > 0, readdirSync(data).join());
  return Buffer.concat(files.map((name) => readFileSync(join(data, name))));
}

/** In the forms in which text could lie around. */
function forms(text: string): Buffer[] {
  const bytes = Buffer.from(text);
  const inner = bytes.subarray(3, -3);
  return [
    bytes,
    Buffer.from(bytes.toString("hex")),
    Buffer.from(inner.toString("base64").slice(0, -4)),
    bytes.reverse(),
  ];
}

async function keep(client: Client, label: string, secret: string): Promise<void> {
  const answer = await client.act("vault", "keep", { label, secret });
  assert.equal(answer.status, 200, answer.text);
}

interface StoredState {
  readonly id: string;
  readonly body: string;
  readonly version: number;
}

function statesOf(database: DatabaseSync): StoredState[] {
  const rows = database.prepare("SELECT id, body, version FROM documents WHERE id LIKE 'vault:%' ORDER BY rowid").all();
  return rows.map(({ id, body, version }) => ({ id: String(id), body: String(body), version: Number(version) }));
}

function replaceBody(database: DatabaseSync, id: string, body: string): void {
  const { changes } = database.prepare("UPDATE documents SET body = ? WHERE id = ?").run(body, id);
  assert.equal(changes, 1);
}

/** One bit of the sealed bytes turned around. */
function flipped(body: string, position: number): string {
  const bytes = Buffer.from(body, "base64");
  const index = position < 0 ? bytes.length + position : position;
  bytes.writeUInt8(bytes.readUInt8(index) ^ 1, index);
  return bytes.toString("base64");
}

/** Refused, in words that tell nothing, and noticed. */
async function refused(server: ServerProcess, client: Client, what: string): Promise<void> {
  const element = { ...client.component("vault"), seed: undefined };
  const answer = await client.act(element, "look");
  assert.deepEqual([answer.status, answer.json.code], [409, "STATE_INVALID"], what);
  assert.equal(answer.json.error, "Session invalid. Please refresh the page.");
  assert.doesNotMatch(answer.text, /seal|decrypt|mac|cipher|key/i);
  const requestId = answer.headers["x-request-id"];
  const events = await eventually(() => {
    const found = server.log.filter((line) => line["request_id"] === requestId);
    return found.length > 0 ? found : undefined;
  }, "the refusal is logged");
  assert.ok(
    events.some(({ event, level }) => event === "crypt_decrypt_fail" && level === "critical"),
    what,
  );
}

describe("a stolen store", () => {
  it("shows nothing of what components keep, of results, sessions, tokens and links", () =>
    withData(async (data) => {
      const marker = "PLAINTEXT-MARKER-4711";
      await using server = await startWorkshop({ data });
      const client = await visitWorkshop(server);
      const link = server.links["console"] ?? "";
      const token = client.token ?? "";
      await keep(client, `label-${marker}`, `secret-${marker}`);
      await keep(client, `label-${marker}`, `secret-${marker}-again`);
      await send(client, "/note", { marker: "VISIBLE-MARKER-0815" }, { key: `key-${marker}` });
      const operator = await visitWorkshop(server);
      assert.equal((await operator.enter(link)).status, 303);
      // Without a checkpoint: the log holds what the store does not hold yet.
      await server.kill();

      const bytes = stolen(data);
      // What an application writes into tables of its own is its own affair; it shows that the search finds things.
      assert.ok(bytes.includes("VISIBLE-MARKER-0815"));
      const cookies = [...client.cookies.values(), ...operator.cookies.values()];
      const secrets = [marker, ...cookies, token, client.token ?? "", link.split("/").at(-1) ?? "", `key-${marker}`];
      for (const secret of secrets) {
        assert.ok(secret.length > 10);
        for (const form of forms(secret)) assert.ok(!bytes.includes(form), `${secret} is in the store`);
      }
    }));

  it("cannot be altered anywhere in a state without being noticed", () =>
    withData(async (data) => {
      // Format, key id, nonce, authenticator, beginning and end of what is sealed.
      const positions = [0, 1, 4, 5, 28, 29, 44, 45, -1];
      const clients: Client[] = [];
      {
        await using server = await startWorkshop({ data });
        for (const position of positions) {
          const client = await visitWorkshop(server);
          await keep(client, `at ${position}`, "worth protecting");
          clients.push(client);
        }
      }
      using database = new DatabaseSync(join(data, "store.db"));
      const states = statesOf(database);
      assert.equal(states.length, positions.length);
      for (const [index, { id, body }] of states.entries()) {
        replaceBody(database, id, flipped(body, positions[index] ?? 0));
      }
      database.close();
      await using server = await startWorkshop({ data });
      for (const [index, client] of clients.entries()) {
        client.url = server.url;
        await refused(server, client, `byte ${positions[index]}`);
      }
    }));

  it("cannot be rearranged: states of others, older states and made-up ones are refused", () =>
    withData(async (data) => {
      const names = ["ada", "bob", "eve", "old", "own"] as const;
      const clients = new Map<string, Client>();
      let before: StoredState | undefined;
      {
        await using server = await startWorkshop({ data });
        for (const name of names) {
          const client = await visitWorkshop(server);
          await keep(client, name, `secret of ${name}`);
          clients.set(name, client);
        }
        using database = new DatabaseSync(join(data, "store.db"));
        before = statesOf(database)[3];
        await keep(clients.get("old") ?? assert.fail(), "old", "newer secret");
        // Another session's sealed page in the own request.
        const [ada, own] = [clients.get("ada") ?? assert.fail(), clients.get("own") ?? assert.fail()];
        await ada.open("/");
        const foreign = ada.component("vault");
        const answer = await own.act({ ...foreign, version: 1 }, "look");
        assert.deepEqual([answer.status, answer.json.code], [409, "STATE_INVALID"]);
        assert.doesNotMatch(answer.text, /ada/);
      }
      using database = new DatabaseSync(join(data, "store.db"));
      const [ada, bob, eve, old] = statesOf(database);
      assert.ok(ada && bob && eve && old && before);
      replaceBody(database, ada.id, bob.body);
      replaceBody(database, bob.id, ada.body);
      replaceBody(database, eve.id, JSON.stringify({ version: 1, state: { label: "made up", secret: "" } }));
      replaceBody(database, old.id, before.body);
      database.close();
      await using server = await startWorkshop({ data });
      for (const name of ["ada", "bob", "eve", "old"]) {
        const client = clients.get(name) ?? assert.fail();
        client.url = server.url;
        await refused(server, client, name);
        // A fresh page begins anew: nobody is locked out for good.
        await client.open("/");
        const answer = await client.act("vault", "keep", { label: "new", secret: "new" });
        assert.equal(answer.status, 200, answer.text);
      }
      const own = clients.get("own") ?? assert.fail();
      own.url = server.url;
      await own.open("/");
      assert.equal((await own.act("vault", "look")).json.state.label, "own");
    }));

  it("cannot be made to repeat results that were never given", () =>
    withData(async (data) => {
      let client: Client;
      {
        await using server = await startWorkshop({ data });
        client = await visitWorkshop(server);
        await send(client, "/note", { marker: "result" }, { key: "result-1" });
      }
      using database = new DatabaseSync(join(data, "store.db"));
      const rows = database.prepare("SELECT id, body FROM idempotency_records").all();
      assert.equal(rows.length, 1);
      const [row] = rows;
      const change = database.prepare("UPDATE idempotency_records SET body = ? WHERE id = ?");
      change.run(flipped(String(row?.["body"]), -1), String(row?.["id"]));
      database.close();
      await using server = await startWorkshop({ data });
      client.url = server.url;
      await client.refreshToken();
      const answer = await send(client, "/note", { marker: "result" }, { key: "result-1" });
      assert.ok(answer.status >= 400, answer.text);
      assert.equal(answer.headers["idempotent-replayed"], undefined);
      assert.doesNotMatch(answer.text, /seal|decrypt|mac|cipher/i);
      assert.deepEqual((await client.get("/runs")).json, {});
    }));
});
