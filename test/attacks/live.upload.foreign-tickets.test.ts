// Somebody uploads where no field was ever shown to them: with no ticket, or with one that was given out for another
// session, component, field, instance or tenant, or long ago. What an upload endpoint takes from anybody fills disks and
// puts files where nobody expects any.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { LiveVisitor } from "gatehouse/testing";
import { openAlbums, png, refusal, type AlbumServer } from "../support/album.ts";

async function code(visitor: LiveVisitor, componentId: string, ticket: string, field = "photo"): Promise<string> {
  const on = { componentId, seed: undefined, version: 0 };
  return (await refusal(visitor.upload(on, field, { content: png(), ticket }))).code;
}

async function untouched({ kit, files }: AlbumServer): Promise<void> {
  assert.deepEqual(await files(), []);
  const denied = kit.events.filter(({ outcome }) => outcome === "denied");
  assert.ok(
    denied.every(({ name }) => name === "upload_ticket_refused"),
    JSON.stringify(denied),
  );
  assert.ok(denied.every(({ action }) => action.startsWith("live.upload")));
  assert.deepEqual(kit.errors, []);
}

describe("an upload with a ticket that is none of its own", () => {
  it("is refused without one, whether or not there is such a field", async () => {
    await using albums = await openAlbums();
    const visitor = await albums.kit.visit();
    assert.equal(await code(visitor, "album:main", ""), "UPLOAD_TICKET_INVALID");
    for (const [id, field] of [
      ["notice:main", "photo"],
      ["album:main", "toString"],
      ["nothing:main", "photo"],
      ["../etc:main", "photo"],
      ["album:main", "../photo"],
    ] as const) {
      assert.equal(await code(visitor, id, "", field), "UPLOAD_TICKET_INVALID", `${id} ${field}`);
    }
    await untouched(albums);
  });

  it("is refused with one of another session, component, field or instance", async () => {
    await using albums = await openAlbums();
    const [visitor, other] = [await albums.kit.visit(), await albums.kit.visit()];
    const on = (componentId: string) => ({ componentId, seed: undefined, version: 0 });
    const foreign = {
      session: other.ticket(on("album:main"), "photo"),
      component: visitor.ticket(on("scrapbook:main"), "photo"),
      field: visitor.ticket(on("album:main"), "cover"),
      instance: visitor.ticket(on("album:second"), "photo"),
    };
    for (const [what, ticket] of Object.entries(foreign))
      assert.equal(await code(visitor, "album:main", ticket), "UPLOAD_TICKET_INVALID", what);
    await untouched(albums);
    await visitor.upload(on("album:main"), "photo", { content: png() });
  });

  it("is refused with one of another tenant, or sealed for something else", async () => {
    await using albums = await openAlbums();
    const { sealer, edge, clock } = albums.kit;
    const visitor = await albums.kit.visit();
    const owner = edge.sessions.idOf(visitor.cookie.slice(visitor.cookie.indexOf("=") + 1));
    const seal = (purpose: string, tenant: string): string =>
      sealer.seal(JSON.stringify({ at: clock.now(), accept: ["image/png"], maxBytes: 1e9 }), {
        purpose,
        context: [tenant, "album", "main", owner, "photo"],
      });
    assert.equal(await code(visitor, "album:main", seal("live-upload-ticket", "other")), "UPLOAD_TICKET_INVALID");
    assert.equal(await code(visitor, "album:main", seal("live-upload-reference", "default")), "UPLOAD_TICKET_INVALID");
    await untouched(albums);
    // What is genuine but says more than the field allows by now is held to the field.
    const wide = seal("live-upload-ticket", "default");
    const big = { content: png(9 * 1_048_576), ticket: wide };
    const on = { componentId: "album:main", seed: undefined, version: 0 };
    assert.equal((await refusal(visitor.upload(on, "photo", big))).code, "UPLOAD_TOO_LARGE");
  });

  it("is refused with one that has expired, altered ones included", async () => {
    await using albums = await openAlbums();
    const visitor = await albums.kit.visit();
    const ticket = visitor.ticket({ componentId: "album:main", seed: undefined, version: 0 }, "photo");
    for (const altered of [ticket.slice(0, -4), `A${ticket.slice(1)}B`, "x".repeat(5000), "{}"])
      assert.equal(await code(visitor, "album:main", altered), "UPLOAD_TICKET_INVALID");
    await albums.kit.clock.advance(25 * 60 * 60 * 1000);
    const later = await code(visitor, "album:main", ticket).catch(String);
    assert.ok(["UPLOAD_TICKET_EXPIRED", "CSRF_TOKEN_INVALID", "SESSION_EXPIRED"].includes(later), later);
    assert.deepEqual(await albums.files(), []);
  });

  it("is refused without a security token, however good the ticket is", async () => {
    await using albums = await openAlbums();
    const visitor = await albums.kit.visit();
    const ticket = visitor.ticket({ componentId: "album:main", seed: undefined, version: 0 }, "photo");
    const path = "/api/livecomponents/upload?component_id=album%3Amain&field=photo";
    for (const headers of [{}, { "x-csrf-token": "forged" }]) {
      const sent = { ...headers, "x-upload-ticket": ticket, accept: "application/json" };
      const answer = await visitor.request(path, { method: "POST", headers: sent, body: Uint8Array.from(png()) });
      assert.equal(answer.status, 403);
    }
    assert.deepEqual(await albums.files(), []);
  });
});
