import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { openIssuerKit } from "../../testing/issuer-kit.ts";
import type { IssuerVisits, TokenAnswer, Visit } from "../../testing/issuer-visits.ts";
import { createGrantPolicy } from "./policy.ts";
import { rehearse, type RecordedUse, type Rehearsal } from "./rehearsal.ts";

const NEIGHBOUR: Visit = { ip: "203.0.113.99" };
const ELSEWHERE: Visit = { ip: "198.51.100.66" };
const CURL: Visit = { agent: "curl/8.14.1" };
const TELEPHONE: Visit = { agent: "Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0" };

describe("rehearsing a policy", () => {
  let kit: IssuerVisits;
  before(async () => {
    kit = await openIssuerKit({ policies: { tool: { subnet: "deny" } } });
    await kit.registerClients();
  });
  after(() => kit[Symbol.asyncDispose]());

  const next = (answer: TokenAnswer, visit: Visit, client?: "tool" | "spa"): Promise<TokenAnswer> =>
    kit.refresh(answer.body["refresh_token"] ?? "", visit, client);

  async function ask(policy: object): Promise<Rehearsal> {
    const outcome = await kit.gatehouse.operate("grants.rehearse", policy);
    assert.ok(outcome.ok, JSON.stringify(outcome));
    // What the action answers.
    return outcome.value as Rehearsal;
  }

  /** Moves are in the trail a moment after they happened. */
  async function recorded(moves: number): Promise<void> {
    const { store, trail } = kit.gatehouse.services;
    const query = { name: "oauth_grant_moved", limit: 100 };
    while ((await store.read((reading) => trail.find(reading, query))).length < moves) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  it("tells what it would have done with uses that were let through", async () => {
    const visits = [{}, NEIGHBOUR, ELSEWHERE, ELSEWHERE, { ...ELSEWHERE, ...CURL }];
    let answer = await kit.signIn("app");
    for (const visit of visits) answer = await next(answer, visit);
    await recorded(2);
    const alike = await ask({ client: "app" });
    assert.deepEqual([alike.uses, alike.families, alike.differences], [5, 1, []]);
    assert.deepEqual(alike.present, { ignore: 0, alert: 2, step_up: 0, deny: 0 });

    const { rehearsed, differences } = await ask({ client: "app", subnet: "deny", device: "step_up" });
    assert.deepEqual(rehearsed, { ignore: 0, alert: 0, step_up: 1, deny: 1 });
    assert.deepEqual(
      differences.map(({ ip, changes, present, rehearsed: then }) => [ip, changes.join(" "), present, then]),
      [
        [ELSEWHERE.ip, "device agent", "alert", "step_up"],
        [ELSEWHERE.ip, "subnet", "alert", "deny"],
      ],
    );
    const narrow = await ask({ client: "app", ipv4Prefix: 32 });
    assert.equal(narrow.rehearsed.alert, 3, "the neighbour too");
    const office = await ask({ client: "app", subnet: "deny", allow: ["198.51.100.0/24"] });
    assert.equal(office.rehearsed.deny, 0);
  });

  it("tells of uses that were refused, which moved nothing", async () => {
    const answer = await kit.signIn("tool");
    assert.equal((await next(answer, ELSEWHERE, "tool")).status, 400);
    assert.equal((await next(answer, {}, "tool")).status, 200);
    await recorded(3);
    const { uses, present, rehearsed } = await ask({ client: "tool", subnet: "ignore" });
    assert.deepEqual([uses, present.deny, rehearsed.ignore, rehearsed.deny], [2, 1, 1, 0]);
  });

  it("is as lenient with telephones as the policy is", async () => {
    const from = Date.now();
    const answer = await next(await kit.signIn("spa", TELEPHONE), TELEPHONE, "spa");
    await next(answer, { ...TELEPHONE, ...ELSEWHERE }, "spa");
    await recorded(4);
    assert.equal((await ask({ from, subnet: "deny" })).rehearsed.deny, 0);
    assert.equal((await ask({ from, subnet: "deny", mobileNetworks: false })).rehearsed.deny, 1);
  });

  it("compares addresses of each version with the last of that version", () => {
    const uses = ["203.0.113.1", "2001:db8::1", "203.0.113.2", "2001:db8::2"].map((ip, at): RecordedUse => {
      return { at, family: "f", client: "c", ip, mobile: false, changes: [], begins: at === 0, refused: false };
    });
    const [present, rehearsed] = [createGrantPolicy(), createGrantPolicy({ subnet: "deny" })];
    const policies = { present, rehearsed };
    assert.deepEqual(rehearse(uses, () => policies).rehearsed, { ignore: 0, alert: 0, step_up: 0, deny: 1 });
  });
});
