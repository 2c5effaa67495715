// Two hundred guests of a wedding and an attacker share the address of the venue. The attacker tries out join tokens as
// fast as the server answers, to get in or to have everybody at the address locked out.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setImmediate } from "node:timers/promises";
import { systemRandom } from "../kernel/random.ts";
import { comeIn, openGuestSite, whoIs, type GuestSite } from "../testing/guest-site.ts";
import { randomText } from "./token-text.ts";

const VENUE = "198.51.100.7";
const GUESTS = 200;

describe("guessing join tokens at the address of a venue", () => {
  let site: GuestSite;
  before(async () => {
    site = await openGuestSite();
  });
  after(() => site[Symbol.asyncDispose]());

  async function guess(rounds: () => boolean, ip: string): Promise<number[]> {
    const browser = site.browser(ip);
    const statuses: number[] = [];
    const page = await browser.open(`/join/${randomText(systemRandom)}`);
    const fields = page.forms[0]?.fields ?? {};
    while (rounds()) {
      statuses.push((await browser.post(`/join/${randomText(systemRandom)}`, fields)).status);
      await setImmediate();
    }
    return statuses;
  }

  /** A guest who comes in and does a few things at once. */
  async function arrive(path: string): Promise<{ readonly id: string; readonly likes: readonly number[] }> {
    const browser = site.browser(VENUE);
    const { id, csrfToken } = whoIs(await comeIn(browser, path));
    const like = async (): Promise<number> => (await browser.post("/like", { _csrf_token: csrfToken })).status;
    return { id, likes: await Promise.all([like(), like(), like()]) };
  }

  it("is stopped after a few, while no guest at the address is refused", async () => {
    const { id, path } = await site.token();
    // The attacker has begun long before the first guest comes: limits are used up, and the address is banned.
    const isBanned = () => site.events.some(({ name }) => name === "source_banned");
    const early = await guess(() => !isBanned(), VENUE);
    assert.equal(early.filter((status) => status === 404).length, 10);
    assert.ok(early.slice(10).every((status) => status === 429 || status === 403));

    let arriving = true;
    const attack = guess(() => arriving, VENUE);
    const guests = await Promise.all(Array.from({ length: GUESTS }, () => arrive(path)));
    arriving = false;
    assert.equal(new Set(guests.map(({ id }) => id)).size, GUESTS);
    const statuses = new Set(guests.flatMap(({ likes }) => likes));
    assert.deepEqual([...statuses], [200], "what they do at once is far beyond what one address may");
    assert.ok(
      (await attack).every((status) => status === 403),
      "whoever goes on is banned",
    );
    const { guests: counted } = await site.operate<{ guests: number }>("join-tokens.show", { id });
    assert.equal(counted, GUESTS);
  });

  it("gets nobody refused who shows a token that has ended: they are told so", async () => {
    const { id, path } = await site.token();
    await site.operate("join-tokens.revoke", { id });
    const ip = "198.51.100.8";
    const pages = await Promise.all(Array.from({ length: 50 }, () => comeIn(site.browser(ip), path)));
    assert.ok(pages.every(({ status }) => status === 410));
  });

  // Attack: a link is posted in a forum, and its host exchanges it for another. Whoever has the old one goes on showing
  // it as fast as the server answers, until nobody comes in by the new one, either.
  it("shuts nobody out who shows the new link, with one that was exchanged", async () => {
    const limits = { token: { limit: 20 }, pair: { limit: 20 } };
    await using forum = await openGuestSite({ settings: { guests: { limits } } });
    const { id, path: old } = await forum.token();
    const { path } = await forum.operate<{ path: string }>("join-tokens.rotate", { id, graceHours: 0 });
    const mallory = forum.browser(VENUE);
    const fields = (await mallory.open(old)).forms[0]?.fields ?? {};
    for (let count = 0; count < 30; count += 1) await mallory.post(old, fields);
    assert.equal(whoIs(await comeIn(forum.browser(VENUE), path)).type, "guest");
  });

  it("counts a network of IPv6 as one address, which guesses from all over", async () => {
    const statuses = [];
    for (let host = 0; host < 14; host += 1) {
      let once = 1;
      statuses.push(...(await guess(() => (once -= 1) >= 0, `2001:db8:1:2::${host.toString(16)}`)));
    }
    assert.deepEqual(
      statuses.slice(0, 10),
      Array.from({ length: 10 }, () => 404),
    );
    assert.ok(statuses.slice(10).every((status) => status === 429));
  });

  it("costs no look at the store where the checksum is wrong", async () => {
    const { store } = site.gatehouse.services;
    let reads = 0;
    const { read, write } = store;
    const counted = { read: store.read.bind(store), write: store.write.bind(store) };
    Object.assign(store, {
      read: (work: Parameters<typeof read>[0]) => (reads++, counted.read(work)),
      write: (work: Parameters<typeof write>[0]) => (reads++, counted.write(work)),
    });
    const wrong = randomText(systemRandom).replace(/.$/, (last) => (last === "0" ? "1" : "0"));
    const browser = site.browser("198.51.100.9");
    const page = await browser.open(`/join/${wrong}`);
    const sent = await browser.post(`/join/${wrong}`, {});
    assert.deepEqual([page.status, sent.status], [404, 404]);
    assert.equal(reads, 0);
  });
});
