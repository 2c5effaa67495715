/**
 * Whoever has a connection can attempt any command of any wall, whatever the page offers. Guests could announce, put
 * foreign photos on walls and hear events that they were not invited to.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Outcome, Principal } from "gatehouse/kernel";
import type { StateResult } from "gatehouse/realtime";
import { openGallery, type GallerySite } from "../support/gallery-site.ts";

const PHOTO = "0123456789abcdef0123456789abcdef";

let site: GallerySite;
let event: string;
let viewer: Principal;
let host: Principal;

before(async () => {
  site = await openGallery();
  event = await site.event("dinner", { host: "lena" });
  viewer = await guest("mira", event);
  host = { type: "user", id: "lena", tenant: "default", grants: new Set() };
});
after(() => site[Symbol.asyncDispose]());

async function guest(id: string, of: string, scopes = ["view", "upload"]): Promise<Principal> {
  const invitation = await site.invitation(of, scopes);
  return { type: "guest", id, tenant: "default", grants: new Set([`join-token:${invitation.id}`]) };
}

/** Has somebody attempt something over a connection; the problem's code, or `done`. */
async function attempt(principal: Principal | undefined, action: string, input: object): Promise<string> {
  const { ids, clock } = site.gatehouse.services;
  const outcome = await site.gatehouse.gate.attempt({
    ...{ id: ids.next(), entrance: "realtime", action, tenant: "default", receivedAt: clock.now() },
    peer: { ip: "192.0.2.9", tls: false, connection: ids.next() },
    provenance: { kind: "connection" },
    credentials: principal === undefined ? [] : [{ kind: "connection", principal }],
    input,
  });
  return outcome.ok ? "done" : outcome.problem.code;
}

const command = (principal: Principal | undefined, name: string, input: object): Promise<string> =>
  attempt(principal, `wall.${name}`, { key: [event], input });
const subscribe = (principal: Principal | undefined, key: string): Promise<string> =>
  attempt(principal, "wall.subscribe", { key: [key], channel: "default" });

function shown(outcome: Outcome): unknown {
  assert.ok(outcome.ok);
  // What `realtime.state` results in.
  return (outcome.value as StateResult).state;
}

describe("the wall of an event", () => {
  it("is heard by its hosts and by guests who may see its photos, by nobody else", async () => {
    const other = await site.event("other", { host: "ada" });
    assert.equal(await subscribe(viewer, event), "done");
    assert.equal(await subscribe(host, event), "done");
    assert.equal(await subscribe(await guest("leo", event, ["upload"]), event), "PERMISSION_DENIED");
    assert.equal(await subscribe(viewer, other), "PERMISSION_DENIED");
    assert.equal(await subscribe(host, other), "PERMISSION_DENIED");
    assert.equal(await subscribe(undefined, event), "AUTHENTICATION_REQUIRED");
    const { services } = site.gatehouse;
    const address = { tenant: "default", type: "wall", key: [event] };
    assert.equal((await services.realtime.state(address, host)).ok, true);
    assert.equal((await services.realtime.state({ ...address, key: [other] }, viewer)).ok, false);
  });

  it("takes announcements of its hosts alone, of a length that can be read from afar", async () => {
    assert.equal(await command(host, "announce", { text: "Dinner" }), "done");
    assert.equal(await command(host, "announce", { text: "x".repeat(201) }), "VALIDATION_ERROR");
    assert.equal(await command(viewer, "announce", { text: "Mine" }), "PERMISSION_DENIED");
    const ada: Principal = { type: "user", id: "ada", tenant: "default", grants: new Set() };
    assert.equal(await command(ada, "announce", { text: "Mine" }), "PERMISSION_DENIED");
    assert.equal(await command(viewer, "applaud", {}), "done");
  });

  it("has the server alone say which photos there are, and each of them once", async () => {
    for (const principal of [viewer, host]) {
      for (const name of ["publish", "withdraw"]) {
        assert.equal(await command(principal, name, { photo: PHOTO }), "PERMISSION_DENIED");
      }
    }
    const { realtime } = site.gatehouse.services;
    const address = { tenant: "default", type: "wall", key: [event] };
    const tell = (name: string, idempotencyKey: string): Promise<Outcome> =>
      realtime.perform(address, { command: name, input: { photo: PHOTO }, idempotencyKey });
    const photos = async (): Promise<unknown> => Object(shown(await realtime.state(address, viewer))).photos;
    for (const key of ["one", "one", "two"]) assert.equal((await tell("publish", key)).ok, true);
    assert.deepEqual(await photos(), [PHOTO]);
    await tell("withdraw", "three");
    // An answer that was lost is asked for again: nothing is published by it.
    await tell("publish", "two");
    assert.deepEqual(await photos(), []);
  });

  it("calls everybody what they want to be called, and nobody else", async () => {
    const { realtime } = site.gatehouse.services;
    const names = async (): Promise<unknown> =>
      Object(shown(await realtime.state({ tenant: "default", type: "wall", key: [event] }, viewer))).names;
    const leo = await guest("leo", event);
    assert.equal(await command(viewer, "introduce", { name: "  Mira  " }), "done");
    assert.equal(await command(leo, "introduce", { name: "Mira" }), "done");
    assert.deepEqual(await names(), { mira: "Mira", leo: "Mira" });
    assert.equal(await command(leo, "introduce", { name: "x".repeat(41) }), "VALIDATION_ERROR");
    assert.equal(await command(leo, "introduce", { name: "" }), "done");
    assert.deepEqual(await names(), { mira: "Mira" });
  });

  it("is heard no more by those whose invitation is taken back", async () => {
    const invitation = await site.invitation(event);
    const zoe: Principal = {
      ...{ type: "guest", id: "zoe", tenant: "default" },
      grants: new Set([`join-token:${invitation.id}`]),
    };
    assert.equal(await subscribe(zoe, event), "done");
    await site.operate("join-tokens.revoke", { id: invitation.id, reason: "test" });
    assert.equal(await subscribe(zoe, event), "PERMISSION_DENIED");
    assert.equal(await command(zoe, "introduce", { name: "Zoe" }), "PERMISSION_DENIED");
  });
});
