import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { skipWithout } from "gatehouse/testing";
import type { Client } from "../support/client.ts";
import { runCommand, type ServerProcess } from "../support/server-process.ts";
import { drillTimeout, Report, sized, unexpectedExceptions } from "./drill.ts";
import { Crowd, SIXTY, tally, TWO_HUNDRED_FORTY } from "./two-processes/crowd.ts";
import { sign } from "./two-processes/outage.ts";
import { marker, startPair, timeUntil, type Pair } from "./two-processes/pair.ts";

const Banned = z.object({ ban: z.object({ id: z.string() }) });

const missing = (await skipWithout("postgres")) || (await skipWithout("valkey"));
/** Milliseconds until a server looks by itself at what it may have missed, and what a busy machine may add. */
const LOOK = 15_000 + 1_500;
/** Penalties follow the offence without anybody waiting for them. */
const PENALTY_TIME = 5_000;
/** Milliseconds the shared counters may take. */
const PATIENT = 10_000;
const WITHIN_A_SECOND = 1_000;
const results: Record<string, string | number> = {};
const report = new Report("two-processes");

// Behind a load balancer an attacker reaches every server, and a limit, a key or a ban that holds on one of them alone
// holds nowhere. Every promise is therefore made by both together.
describe("two servers on one PostgreSQL and one Valkey", { skip: missing, timeout: drillTimeout }, () => {
  let pair: Pair;
  let crowd: Crowd;

  before(async () => {
    // Nothing is away here: a busy machine alone must not make each server count for itself.
    pair = await startPair(PATIENT);
    crowd = await Crowd.gather(pair);
  });
  after(async () => {
    report.summary({ seed: pair.dice.seed, ...results });
    await pair[Symbol.asyncDispose]();
  });

  async function command(server: ServerProcess, ...words: string[]): Promise<unknown> {
    const { code, stdout, stderr } = await runCommand([...words, "--json"], { data: server.data });
    assert.equal(code, 0, stdout + stderr);
    return JSON.parse(stdout);
  }

  it("admits 60 of 61 attempts that arrive at both at once, whatever the mixture", async () => {
    const rounds = sized(5, 100);
    for (let round = 1; round <= rounds; round += 1) {
      // Where an attempt goes is drawn anew: from all at one server to half at each.
      const share = pair.dice.fraction();
      const answers = await crowd.look(pair.nextAddress(), () => (pair.dice.chance(share) ? pair.first : pair.second));
      assert.deepEqual(tally(answers), SIXTY, `round ${round}`);
      report.progress(`limits, round ${round}/${rounds}: 60 of 61 admitted`);
    }
    results["limits: rounds of 61, admitted each"] = `${rounds}, 60`;
  });

  it("admits 240 of 244 actions on a live component", async () => {
    const answers = await crowd.act(pair.nextAddress(), () => pair.dice.pick(pair.servers));
    assert.deepEqual(tally(answers), TWO_HUNDRED_FORTY);
  });

  /** Whether somebody is banned on a server. */
  async function isBanned(visitor: Client): Promise<boolean> {
    const { status, json } = await visitor.get("/drill/look");
    assert.ok(status === 200 || status === 429 || json.code === "SOURCE_BANNED", `${status} ${json.code}`);
    return status === 403;
  }

  it("executes a key once that is sent to both at once", async () => {
    const rounds = sized(10, 300);
    const texts: string[] = [];
    const visitor = await pair.visit(pair.first);
    const other = visitor.clone(pair.second.url);
    for (let round = 1; round <= rounds; round += 1) {
      const [text, key] = [marker(), randomUUID()];
      const answers = await Promise.all([visitor, other].map((client) => sign(pair, { client, text, key })));
      assert.deepEqual(tally(answers), { "200": 2 }, `round ${round}: ${answers.map((answer) => answer.text)}`);
      const executed = answers.filter((answer) => answer.json.idempotency.cached === false);
      assert.equal(executed.length, 1, `round ${round}`);
      texts.push(text);
      assert.deepEqual(answers[0]?.json.state, answers[1]?.json.state);
    }
    const { messages } = await pair.readLedger();
    for (const text of texts) assert.equal(messages.get(text), 1, text);
    results["keys sent to both at once, executed once"] = rounds;
  });

  it("charges once for a key that is sent to both at once, though the charge happens elsewhere", async () => {
    const rounds = sized(6, 100);
    const visitor = await pair.visit(pair.first);
    const other = visitor.clone(pair.second.url);
    for (let round = 1; round <= rounds; round += 1) {
      const [text, key] = [marker(), randomUUID()];
      await Promise.all([visitor, other].map((client) => charge(client, text, key)));
      const charges = [...pair.provider.charges.values()].filter((charged) => charged === text);
      assert.equal(charges.length, 1, `round ${round}`);
    }
    results["charges sent to both at once, made once"] = rounds;
  });

  /** Tries until the charge is known to be made: the provider loses some of its answers. */
  async function charge(client: Client, text: string, key: string): Promise<void> {
    for (;;) {
      const headers = {
        "x-forwarded-for": pair.nextAddress(),
        "idempotency-key": key,
        "x-csrf-token": client.token,
      };
      const { status, json } = await client.post("/drill/charge", { marker: text }, { headers });
      if (status === 200) return;
      assert.ok(["OUTCOME_UNKNOWN", "IDEMPOTENCY_IN_PROGRESS"].includes(json.code), `${status} ${json.code}`);
      await delay(100);
    }
  }

  it("refuses on one who was banned on the other, within a second, and admits who was pardoned", async () => {
    const rounds = sized(2, 20);
    const [bans, pardons]: [number[], number[]] = [[], []];
    for (let round = 1; round <= rounds; round += 1) {
      const [here, there] = round % 2 === 0 ? [pair.first, pair.second] : [pair.second, pair.first];
      const visitor = await pair.visit(there);
      assert.equal(await isBanned(visitor), false);
      const added = Banned.parse(await command(here, "bans", "add", "ip", addressOf(visitor), "--reason", "drill"));
      bans.push(await timeUntil("the ban", () => isBanned(visitor), WITHIN_A_SECOND));
      await command(here, "bans", "lift", added.ban.id);
      pardons.push(await timeUntil("the pardon", async () => !(await isBanned(visitor)), WITHIN_A_SECOND));
    }
    results["bans: longest until it held, was lifted (ms)"] = `${worst(bans)}, ${worst(pardons)}`;
  });

  it("bans on both whoever offends against both", async () => {
    const visitors = [await pair.visit(pair.first), await pair.visit(pair.second)];
    const address = addressOf(visitors[0]!);
    for (const visitor of visitors) visitor.headers["x-forwarded-for"] = address;
    await crowd.look(address, () => pair.dice.pick(pair.servers));
    // An address violates a limit once, and again with every further share of it that it asks for, at each server.
    for (let asked = 0; asked < 70; asked += 1) {
      for (const visitor of visitors) assert.ok([429, 403].includes((await visitor.get("/drill/look")).status));
    }
    for (const visitor of visitors) await timeUntil("the ban", () => isBanned(visitor), PENALTY_TIME);
  });

  it("knows on one who signed in on the other, and until when", async () => {
    const guest = await pair.visit(pair.first);
    const operator = await pair.visit(pair.second);
    assert.equal((await guest.enter(pair.first.links["guest"]!)).status, 303);
    assert.equal((await operator.enter(pair.second.links["console"]!)).status, 303);
    const elsewhere = guest.clone(pair.second.url);
    assert.match((await elsewhere.open("/")).text, /You are here as a guest/);
    assert.equal((await elsewhere.act("like", "set", { liked: true })).status, 200);
    const operatorElsewhere = operator.clone(pair.first.url);
    assert.equal((await operatorElsewhere.open("/console")).status, 200);
    const token = { _csrf_token: operatorElsewhere.token ?? "" };
    assert.equal((await operatorElsewhere.post("/console/leave", new URLSearchParams(token))).status, 303);
    assert.notEqual((await operator.get("/console", { headers: { accept: "text/html" } })).status, 200);
    // A link works once, wherever it is tried again.
    const late = await pair.visit(pair.second);
    assert.equal((await late.enter(pair.first.links["guest"]!)).status, 404);
  });

  it("understands on one what was sealed and signed with a key made on the other", async () => {
    const rounds = sized(2, 10);
    const times: number[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      const [here, there] = round % 2 === 0 ? [pair.first, pair.second] : [pair.second, pair.first];
      const before = await pair.visit(here);
      await command(here, "keys", "rotate", "--minutes", "0");
      const after = await pair.visit(here);
      for (const visitor of [before, after]) times.push(await understood(visitor, there, WITHIN_A_SECOND));
    }
    results["rotations: longest until understood (ms)"] = worst(times);
  });

  /** Waits until a server takes a session, its token and its sealed state, and returns how long that took. */
  function understood(visitor: Client, server: ServerProcess, patience: number): Promise<number> {
    const taken = async (): Promise<boolean> => {
      // A session that is not understood is replaced by another one; the visitor comes again with the first.
      using elsewhere = visitor.clone(server.url);
      const headers = { "x-forwarded-for": pair.nextAddress() };
      return (await elsewhere.act("like", "set", { liked: true }, { headers })).status === 200;
    };
    return timeUntil("understanding of the new key", taken, patience);
  }

  it("hears of bans and keys that were made while the bus was away", async () => {
    const offender = await pair.visit(pair.second);
    await pair.valkey.stop();
    await command(pair.first, "bans", "add", "ip", addressOf(offender), "--reason", "drill");
    await command(pair.first, "keys", "rotate", "--minutes", "0");
    const visitor = await pair.visit(pair.first);
    const ban = timeUntil("the ban", () => isBanned(offender), LOOK);
    const key = understood(visitor, pair.second, LOOK);
    const times = await Promise.all([ban, key]);
    await pair.valkey.start();
    results["without a bus: until the ban, the key (ms)"] = times.map((time) => time.toFixed(0)).join(", ");
  });

  it("reports nothing but that the bus was away", () => {
    assert.deepEqual(pair.servers.flatMap(unexpectedExceptions), []);
  });
});

function addressOf(visitor: Client): string {
  return visitor.headers["x-forwarded-for"] ?? "";
}

function worst(times: readonly number[]): string {
  return Math.max(...times).toFixed(0);
}
