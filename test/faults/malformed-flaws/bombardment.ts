import { setTimeout as delay } from "node:timers/promises";
import { Client } from "../../support/client.ts";
import type { ServerProcess } from "../../support/server-process.ts";
import { quantile, unexpectedExceptions, type Dice, type Report, type Violations } from "../drill.ts";
import { bodyFlaws } from "./body-flaws.ts";
import { cookieFlaws } from "./cookie-flaws.ts";
import { encode, type Draft, type Flaw } from "./draft.ts";
import { fetchDraft } from "./fetching.ts";
import { framingFlaws } from "./framing-flaws.ts";
import { headFlaws } from "./head-flaws.ts";
import { findTargets, type Targets } from "./targets.ts";
import { exchange, type Exchange } from "./wire.ts";

/** What is sent where. */
export interface BombardmentOptions {
  readonly server: ServerProcess;
  readonly count: number;
  readonly dice: Dice;
  readonly report: Report;
  readonly violations: Violations;
  /** Addresses of this machine that the requests come from. Default: one. */
  readonly addresses?: readonly string[];
}

/** What came back. */
export interface Tally {
  sent: number;
  /** Answers by status. */
  readonly statuses: Map<number, number>;
  /** Connections that ended without any answer, by the manner of sending. */
  readonly silent: Map<string, number>;
  /** How long `/healthz` took meanwhile, in milliseconds. */
  readonly health: number[];
}

const FLAWS: readonly (readonly Flaw[])[] = [
  ...[headFlaws, headFlaws, cookieFlaws, framingFlaws],
  ...[bodyFlaws, bodyFlaws, bodyFlaws],
];
const SENDERS = 40;
/** Milliseconds `/healthz` may take in the middle of all this, on a machine that is busy with sending it. */
const HEALTH_LIMIT = 2_000;
/** What is shown of a request that broke something. */
const SHOWN = 700;

/** Sends malformed requests and judges every answer. */
export async function bombard(options: BombardmentOptions): Promise<Tally> {
  const { server, count, violations, report } = options;
  const tally: Tally = { sent: 0, statuses: new Map(), silent: new Map(), health: [] };
  const targets = await findTargets(server);
  const watch = watchHealth(options, tally);
  const step = Math.max(1, Math.floor(count / 10));
  const senders = Array.from({ length: SENDERS }, async () => {
    while (tally.sent < count && !server.hasEnded) {
      tally.sent += 1;
      if (tally.sent % step === 0) report.progress(`${tally.sent}/${count} sent`);
      await sendOne(options, targets, tally);
    }
  });
  await Promise.all(senders);
  await watch();
  violations.expect(!server.hasEnded, "The server ended by itself.");
  violations.expect(server.errors === "", `The server wrote to standard error: ${server.errors.slice(0, 2_000)}`);
  for (const line of new Set(unexpectedExceptions(server))) violations.add(`The server reported: ${line}`);
  return tally;
}

async function sendOne(options: BombardmentOptions, targets: Targets, tally: Tally): Promise<void> {
  if (options.dice.chance(0.06)) await fetchOne(options, targets, tally);
  else await writeOne(options, targets, tally);
}

async function fetchOne(
  { server, dice, violations }: BombardmentOptions,
  targets: Targets,
  tally: Tally,
): Promise<void> {
  const draft = targets.draw(dice);
  const { status, text } = await fetchDraft(draft, server.url, dice);
  if (status === undefined) count(tally.silent, "fetch");
  else count(tally.statuses, status);
  if (status === undefined || status < 500) return;
  violations.add(`A fetch of ${draft.target} was answered with ${status}: ${text.slice(0, SHOWN)}`);
}

async function writeOne(options: BombardmentOptions, targets: Targets, tally: Tally): Promise<void> {
  const { server, dice, violations, addresses = ["127.0.0.1"] } = options;
  // Some connections carry several requests, of which one may be as it should be.
  const drafts = Array.from({ length: dice.chance(0.12) ? dice.integer(2, 8) : 1 }, () => targets.draw(dice));
  const flaws = drafts.flatMap((draft, index) => (index > 0 && dice.chance(0.3) ? [] : spoil(draft, dice)));
  const bytes = Buffer.concat(drafts.map(encode));
  const sending = drafts[0]?.sending ?? "whole";
  const to = { port: server.port, localAddress: dice.pick(addresses) };
  const answered = await exchange(to, bytes, { sending, dice, expected: drafts.length });
  for (const status of answered.statuses) count(tally.statuses, status);
  if (answered.statuses.length === 0) count(tally.silent, sending);
  const wrong = faultOf(answered, { flaws, drafts });
  if (wrong === undefined) return;
  const request = JSON.stringify(bytes.subarray(0, SHOWN).toString("latin1"));
  violations.add(
    `${wrong} (${flaws.join(", ")})\n  sent ${request}\n  answered ${JSON.stringify(answered.text.slice(0, SHOWN))}`,
  );
}

function spoil(draft: Draft, dice: Dice): string[] {
  const names: string[] = [];
  do {
    const flaw = dice.pick(dice.pick(FLAWS));
    flaw.spoil(draft, dice);
    names.push(flaw.name);
  } while (names.length < 3 && dice.chance(0.3));
  return names;
}

interface Sent {
  readonly flaws: readonly string[];
  readonly drafts: readonly Draft[];
}

function faultOf({ statuses, text, closed }: Exchange, { flaws, drafts }: Sent): string | undefined {
  const failed = statuses.find((status) => status >= 500);
  if (failed !== undefined) return `A request was answered with ${failed}.`;
  if (!closed) return "A connection was left open although its client had finished.";
  const alone = drafts.length === 1 && flaws.length === 1 && flaws[0] === "smuggling";
  if (alone && statuses.length > 1) return "What was hidden in the body of a request was answered.";
  if (/\n\s+at |node_modules|\/src\//.test(text) && !text.includes("text/javascript"))
    return "An answer shows the inside of the server.";
  return undefined;
}

function count<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

/** Asks whether the server lives, all the time. */
function watchHealth({ server, violations }: BombardmentOptions, tally: Tally): () => Promise<void> {
  let watching = true;
  const done = (async () => {
    using client = new Client({ url: server.url, localAddress: "127.0.0.250" });
    while (watching && !server.hasEnded) {
      const answer = await client.get("/healthz").catch(() => undefined);
      if (answer === undefined) {
        violations.expect(server.hasEnded, "/healthz was not answered.");
        continue;
      }
      const { status, duration } = answer;
      tally.health.push(duration);
      violations.expect(status === 200, `/healthz was answered with ${status}.`);
      violations.expect(duration < HEALTH_LIMIT, `/healthz took ${duration.toFixed(0)} ms.`);
      await delay(100);
    }
  })();
  return async () => {
    watching = false;
    await done;
  };
}

/** The tally as lines of a summary. */
export function describe(tally: Tally): Record<string, string | number> {
  const list = (counts: ReadonlyMap<string | number, number>): string =>
    [...counts]
      .toSorted(([left], [right]) => (left < right ? -1 : 1))
      .map(([key, times]) => `${key}: ${times}`)
      .join(", ");
  return {
    connections: tally.sent,
    "answers by status": list(tally.statuses),
    "without an answer, by sending": list(tally.silent),
    "healthz, median and longest (ms)": `${quantile(tally.health, 0.5).toFixed(1)}, ${Math.max(...tally.health).toFixed(0)}`,
  };
}
