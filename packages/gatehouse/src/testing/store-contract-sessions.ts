import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Session, SessionOwner } from "../kernel/ports/sessions.ts";
import type { Store, WriteTransaction } from "../kernel/ports/store.ts";
import { createSessions } from "../store/sql/sessions.ts";
import { useStore, type CreateStoreFixture } from "./store-contract-fixture.ts";

const sessions = createSessions();
let numbers = 0;

async function freshSession(store: Store, more: Partial<Session> = {}): Promise<Session> {
  numbers += 1;
  const now = await store.write((writing) => writing.now());
  return {
    id: `session ${numbers}`,
    tenant: "t",
    principalType: "user",
    principalId: `user ${numbers}`,
    grants: ["editor", "ä"],
    createdAt: now,
    seenAt: now,
    expiresAt: now + 60_000,
    ...more,
  };
}

/** What sessions promise on any transactional store. */
export function describeSessionsContract(name: string, create: CreateStoreFixture): void {
  describe(`${name}: sessions`, () => describeSessions(useStore(create)));
}

function describeSessions(current: () => Store): void {
  const find = (id: string) => current().read((reading) => sessions.find(reading, id));
  const endAll = (writing: WriteTransaction, whose: Partial<SessionOwner>) =>
    sessions.endAll(writing, { tenant: "t", principalType: "user", principalId: "ada", ...whose });
  const created = async (more: Partial<Session> = {}) => {
    const session = await freshSession(current(), more);
    await current().write((writing) => sessions.create(writing, session));
    return session;
  };

  it("finds what was created, and nothing else", async () => {
    const session = await created();
    assert.deepEqual(await find(session.id), session);
    assert.equal(await find("unknown"), undefined);
  });

  it("finds a session that has expired, so that it can be told from one that never was", async () => {
    const session = await created({ expiresAt: 1 });
    assert.deepEqual(await find(session.id), session);
  });

  it("lets two first requests create the same session, but never one for somebody else", async () => {
    const session = await created({ principalType: "anonymous", principalId: "-" });
    await current().write((writing) => sessions.create(writing, { ...session, seenAt: session.seenAt + 1 }));
    assert.deepEqual(await find(session.id), session);
    const stolen = { ...session, principalType: "user", principalId: "mallory" } as const;
    await assert.rejects(current().write((writing) => sessions.create(writing, stolen)));
    assert.deepEqual(await find(session.id), session);
  });

  it("moves the time it was seen, never back", async () => {
    const session = await created();
    const touch = (seenAt: number) => current().write((writing) => sessions.touch(writing, session.id, seenAt));
    assert.equal(await touch(session.seenAt + 10), true);
    assert.equal(await touch(session.seenAt + 5), true);
    assert.equal((await find(session.id))?.seenAt, session.seenAt + 10);
  });

  it("does not touch a session that has ended or expired", async () => {
    const ended = await created();
    const expired = await created({ expiresAt: 1 });
    await current().write((writing) => sessions.end(writing, ended.id));
    assert.equal(await current().write((writing) => sessions.touch(writing, ended.id, 1)), false);
    assert.equal(await current().write((writing) => sessions.touch(writing, expired.id, 1)), false);
    assert.equal(await find(ended.id), undefined);
  });

  it("remembers that a session has ended which had no row, and lets nobody begin it again", async () => {
    const ended = { id: "never seen", tenant: "t", endedAt: 5, expiresAt: 70 };
    const mark = (change = {}) => current().write((writing) => sessions.markEnded(writing, { ...ended, ...change }));
    await mark();
    await mark({ endedAt: 6 });
    const found = await find(ended.id);
    assert.deepEqual([found?.endedAt, found?.expiresAt, found?.principalType], [5, 70, "anonymous"]);
    await mark({ endedAt: 4 });
    assert.equal((await find(ended.id))?.endedAt, 4, "the earliest end counts");
    const again = await freshSession(current(), { id: ended.id, principalType: "anonymous", principalId: "-" });
    await assert.rejects(current().write((writing) => sessions.create(writing, again)));
  });

  it("keeps the row of a visitor's session that has ended for as long as either asked", async () => {
    const visitor = await created({ principalType: "anonymous", principalId: "-" });
    const { id, tenant, seenAt } = visitor;
    await current().write((writing) => sessions.markEnded(writing, { id, tenant, endedAt: seenAt, expiresAt: 1 }));
    assert.deepEqual(await find(id), { ...visitor, endedAt: seenAt });
    assert.equal(await current().write((writing) => sessions.touch(writing, id, seenAt + 1)), false);
    assert.equal(await current().write((writing) => endAll(writing, { principalId: "-" })), 0);
    assert.equal((await find(id))?.endedAt, seenAt);
  });

  it("ends all sessions of a principal in a tenant, and no others", async () => {
    const mine = await created({ principalId: "ada" });
    const again = await created({ principalId: "ada" });
    const elsewhere = await created({ principalId: "ada", tenant: "other" });
    const other = await created({ principalId: "grace" });
    const guest = await created({ principalId: "ada", principalType: "guest" });
    assert.equal(await current().write((writing) => endAll(writing, {})), 2);
    assert.equal(await find(mine.id), undefined);
    assert.equal(await find(again.id), undefined);
    assert.deepEqual(await find(elsewhere.id), elsewhere);
    assert.deepEqual(await find(other.id), other);
    assert.deepEqual(await find(guest.id), guest);
    assert.equal(await current().write((writing) => endAll(writing, { principalType: "guest" })), 1);
    assert.equal(await find(guest.id), undefined);
  });

  it("prunes expired sessions, a limited number at once", async () => {
    await current().write((writing) => sessions.prune(writing, 100, 1000));
    for (let index = 0; index < 3; index += 1) await created({ expiresAt: 50 + index });
    const prune = (now: number) => current().write((writing) => sessions.prune(writing, now, 2));
    assert.equal(await prune(49), 0);
    assert.equal(await prune(51), 2);
    assert.equal(await prune(100), 1);
  });
}
