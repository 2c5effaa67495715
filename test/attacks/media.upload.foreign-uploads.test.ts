// Somebody knows, or guesses, the address of another guest's upload, or goes on with their own after the right to has
// ended. What they learn, add or delete would be somebody else's photo, or one that nobody has let in.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { Client } from "../support/client.ts";
import { openCollections, send, until } from "../support/collections.ts";
import { draftAppend, draftBegin } from "../support/resumable-client.ts";
import { idIn, tusBegin, tusDelete, tusHead, tusPatch } from "../support/tus.ts";

describe("an upload of somebody else", () => {
  it("is not there for other guests, other tenants and strangers", async () => {
    await using server = await openCollections();
    const { url } = server;
    const { path } = await tusBegin(url, 10);
    await tusPatch(url, path, { offset: 0, body: "hello" });
    const missing = await tusHead(url, `/uploads/${"0".repeat(32)}`, { guest: "eve" });
    const host = new URL(url).host.replace("127.0.0.1", "other.localhost");
    for (const sending of [{ guest: "eve" }, { guest: "mia", headers: { host } }]) {
      const answers = [
        await tusHead(url, path, sending),
        await tusPatch(url, path, { offset: 5, body: "world", ...sending }),
        await tusDelete(url, path, sending),
        await draftAppend(url, path, { offset: 5, complete: true, body: "world", ...sending }),
        await send(url, path, sending),
      ];
      for (const answer of answers) assert.equal(answer.status, missing.status);
      assert.equal(answers[0]?.headers["upload-offset"], undefined);
    }
    for (const answer of [
      await tusHead(url, path, { guest: undefined }),
      await tusPatch(url, path, { offset: 5, body: "world", guest: undefined }),
      await tusBegin(url, 5, { guest: undefined }),
    ]) {
      assert.ok([401, 403].includes(answer.status), String(answer.status));
    }
    const state = await tusHead(url, path);
    assert.deepEqual([state.status, state.headers["upload-offset"]], [204, "5"]);
    assert.ok(server.events.some(({ name }) => name === "media_upload_foreign"));
  });

  it("is not ended by somebody who asks for it", async () => {
    await using server = await openCollections();
    const { path } = await tusBegin(server.url, 10);
    const running = tusPatch(server.url, path, {
      ...{ offset: 0, headers: { "content-length": "10" } },
      body: async (request) => {
        request.write("hello");
        await until(async () => (await server.files()).length === 1);
        for (const guest of ["eve", undefined]) await tusHead(server.url, path, { guest });
        request.end("world");
      },
    });
    assert.equal((await running).headers["upload-offset"], "10");
  });

  it("is not put together with one's own", async () => {
    await using server = await openCollections();
    const headers = { "upload-concat": "partial" };
    const { path } = await tusBegin(server.url, 5, { headers });
    await tusPatch(server.url, path, { offset: 0, body: "hello" });
    const joined = await tusBegin(server.url, undefined, {
      ...{ guest: "eve", headers: { "upload-concat": `final;${path}`, "upload-defer-length": [] } },
    });
    assert.equal(joined.status, 409);
  });
});

describe("a right that ends while an upload is under way", () => {
  it("ends the upload: it is asked for anew with each request and at the end", async () => {
    await using server = await openCollections();
    const { url, grants } = server;
    for (const grant of [
      undefined,
      { scopes: new Set(["view"] as const) },
      { id: "another" },
      { expiresAt: Date.now() - 1 },
      { tenant: "other" },
      { quota: { files: 0, bytes: 1e9 } },
      { quota: { files: 10, bytes: 9 } },
    ]) {
      grants.set("fair", {});
      const { path } = await tusBegin(url, 10);
      const before = (await server.received()).length;
      const answer = await tusPatch(url, path, {
        ...{ offset: 0, headers: { "content-length": "10" } },
        body: async (request) => {
          request.write("hello");
          await until(async () => (await server.files()).includes(idIn(path)));
          grants.set("fair", grant);
          request.end("world");
        },
      });
      assert.equal(answer.status, 403, JSON.stringify(grant));
      assert.equal((await server.received()).length, before, "nothing has been handed over");
      const next = await tusPatch(url, path, { offset: 10, body: "" });
      assert.equal(next.status, 403);
      grants.set("fair", {});
      assert.equal((await tusPatch(url, path, { offset: 10, body: "" })).status, 204, "what came is not lost");
      assert.equal((await server.received()).length, before + 1);
    }
  });

  it("cannot be used where there is none", async () => {
    await using server = await openCollections();
    const unknown = await tusBegin(server.url, 5, { collection: "unknown" });
    server.grants.set("closed", undefined);
    const closed = await tusBegin(server.url, 5, { collection: "closed" });
    assert.deepEqual([unknown.status, closed.status], [403, 403]);
    const same = (text: string): unknown => ({ ...(JSON.parse(text) as object), request_id: "" });
    assert.deepEqual(same(unknown.text), same(closed.text), "nobody learns which collections there are");
    assert.equal((await draftBegin(server.url, { complete: true, body: "x", collection: "closed" })).status, 403);
  });
});

describe("an upload with a session", () => {
  const signIn = async (url: string, guest: string): Promise<Client> => {
    const client = new Client({ url });
    await client.open("/");
    await client.post("/sign-in", { guest }, { headers: { "x-csrf-token": client.token } });
    await client.open("/");
    return client;
  };
  const tus = { "tus-resumable": "1.0.0" };

  it("needs the session's token and a page of this site for everything that changes something", async () => {
    await using server = await openCollections();
    using client = await signIn(server.url, "mia");
    const token = { "x-csrf-token": client.token };
    const begin = (headers: Record<string, string | undefined>) =>
      client.request("/uploads?collection=fair", {
        method: "POST",
        headers: { ...tus, "upload-length": "5", ...headers },
      });
    assert.equal((await begin({})).status, 403);
    assert.equal(
      (await begin({ ...token, origin: "https://evil.example", "sec-fetch-site": "cross-site" })).status,
      403,
    );
    const begun = await begin(token);
    assert.equal(begun.status, 201);
    const path = begun.headers.location ?? "";
    const patch = (headers: Record<string, string | undefined>) =>
      client.request(path, {
        ...{ method: "PATCH", body: "hello" },
        headers: { ...tus, "upload-offset": "0", "content-type": "application/offset+octet-stream", ...headers },
      });
    assert.equal((await patch({})).status, 403);
    assert.equal((await client.request(path, { method: "DELETE", headers: tus })).status, 403);
    assert.equal((await client.request(path, { method: "HEAD", headers: tus })).headers["upload-offset"], "0");
    assert.equal((await patch(token)).status, 204);
  });

  it("ends with the session, even in the middle of content", async () => {
    await using server = await openCollections();
    using client = await signIn(server.url, "mia");
    const token = { "x-csrf-token": client.token ?? "" };
    const begun = await client.request("/uploads?collection=fair", {
      ...{ method: "POST", headers: { ...tus, ...token, "upload-length": "10" } },
    });
    const path = begun.headers.location ?? "";
    const cookie = [...client.cookies].map((pair) => pair.join("=")).join("; ");
    const answer = await tusPatch(server.url, path, {
      ...{ guest: undefined, offset: 0 },
      headers: { ...token, cookie, origin: server.url, "content-length": "10" },
      body: async (request) => {
        request.write("hello");
        await until(async () => (await server.files()).includes(idIn(path)));
        const { gatehouse } = server;
        const session = [...client.cookies.values()][0] ?? "";
        const id = gatehouse.edge.sessions.idOf(session);
        await gatehouse.services.store.write((writing) => gatehouse.edge.sessions.end(writing, id));
        await pause(50);
        request.end("world");
      },
    });
    assert.ok([401, 403].includes(answer.status), `${answer.status} ${answer.text}`);
    assert.equal((await server.received()).length, 0);
  });
});

describe("a plain form", () => {
  it("brings files from pages without scripts, and nothing without the token of the session", async () => {
    await using server = await openCollections();
    using client = new Client({ url: server.url });
    await client.open("/");
    await client.post("/sign-in", { guest: "mia" }, { headers: { "x-csrf-token": client.token } });
    await client.open("/");
    const form = (token: string, ...files: readonly (readonly [string, string])[]): Buffer => {
      const parts = [
        `--b\r\nContent-Disposition: form-data; name="_csrf_token"\r\n\r\n${token}\r\n`,
        ...files.map(
          ([name, text]) =>
            `--b\r\nContent-Disposition: form-data; name="photos"; filename="${name}"\r\n\r\n${text}\r\n`,
        ),
      ];
      return Buffer.from(`${parts.join("")}--b--\r\n`);
    };
    const post = (body: Buffer, accept: string) =>
      client.request("/uploads?collection=fair", {
        ...{ method: "POST", body },
        headers: { "content-type": "multipart/form-data; boundary=b", accept, referer: `${server.url}/` },
      });
    const refused = await post(form("wrong", ["a.jpg", "one"]), "text/html");
    assert.equal(refused.status, 403);
    assert.deepEqual([await server.received(), await server.files()], [[], []]);
    const page = await post(form(client.token ?? "", ["a.jpg", "one"], ["b.jpg", "two"]), "text/html");
    assert.deepEqual([page.status, page.headers.location], [303, "/"]);
    const files = await server.received();
    assert.deepEqual(files.map(({ name }) => name).toSorted(), ["a.jpg", "b.jpg"]);
    for (const { id, name } of files)
      assert.equal((await server.content(id)).toString(), name === "a.jpg" ? "one" : "two");
    server.grants.set("fair", { quota: { files: 2, bytes: 1e9 } });
    const full = await post(form(client.token ?? "", ["c.jpg", "three"]), "application/json");
    assert.equal(full.status, 403);
    assert.match(full.text, /c\.jpg: /);
    server.grants.set("fair", { quota: { files: 9, bytes: 7 } });
    const large = await post(form(client.token ?? "", ["d.jpg", "four"]), "application/json");
    assert.equal(large.status, 403);
    assert.equal((await server.files()).length, 2, "nothing of it is kept");
    assert.deepEqual(server.errors, []);
  });
});
