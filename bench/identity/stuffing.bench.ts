/**
 * How long people wait to sign in while others try passwords from lists (credential stuffing): each try with another
 * address, for somebody who has no account, and with a whole browser's round of requests. Passwords are hashed with
 * Argon2id, which is what a try costs the server.
 *
 * node --conditions=gatehouse-source bench/identity/stuffing.bench.ts [--json] [--seconds=N] [--bad=0,10,50]
 */
import { Agent } from "node:http";
import { join } from "node:path";
import { Child } from "../support/child.ts";
import { listOption, numberOption, print, versionsOf } from "../support/report.ts";
import type { Usage } from "../support/served.ts";
import { PASSWORD, PEOPLE, signIn, type SignInOutcome } from "./sign-in.ts";

const duration = numberOption("seconds", 10) * 1000;
const crowds = listOption("bad", ["0", "10", "50"]).map(Number);
await using server = new Child(join(import.meta.dirname, "serve-accounts.ts"));
const { port } = await server.answer<{ readonly port: number }>();
const agent = new Agent({ keepAlive: true });
const rows: (string | number)[][] = [];

interface Tally {
  readonly times: number[];
  readonly outcomes: Map<SignInOutcome, number>;
}

async function tryFor(tally: Tally, typed: () => { readonly email: string; readonly password: string }): Promise<void> {
  const until = performance.now() + duration;
  while (performance.now() < until) {
    const began = performance.now();
    const outcome = await signIn({ port, agent }, typed());
    tally.outcomes.set(outcome, (tally.outcomes.get(outcome) ?? 0) + 1);
    if (outcome === "code") tally.times.push(performance.now() - began);
  }
}

for (const bad of crowds) {
  const good: Tally = { times: [], outcomes: new Map() };
  const tried: Tally = { times: [], outcomes: new Map() };
  let number = 0;
  const stranger = () => ({ email: `nobody${(number += 1)}@example.net`, password: `a guess from list ${number}` });
  await server.answer<Usage>("usage");
  const began = performance.now();
  await Promise.all([
    ...PEOPLE.map((email) => tryFor(good, () => ({ email, password: PASSWORD }))),
    ...Array.from({ length: bad }, () => tryFor(tried, stranger)),
  ]);
  const seconds = (performance.now() - began) / 1000;
  const sorted = good.times.toSorted((one, other) => one - other);
  const quantile = (share: number): number => sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
  const of = (tally: Tally, outcome: SignInOutcome): number => (tally.outcomes.get(outcome) ?? 0) / seconds;
  rows.push([
    bad,
    of(good, "code"),
    of(good, "busy"),
    quantile(0.5),
    quantile(0.99),
    of(tried, "wrong"),
    of(tried, "busy"),
  ]);
  if (of(tried, "code") > 0) throw new Error("Somebody without an account has signed in.");
}
agent.destroy();
print({
  benchmark: "identity",
  tables: [
    {
      title: `${PEOPLE.length} people who sign in one time after the other, beside so many who guess`,
      columns: [
        "guess at once",
        "sign-ins/s",
        "put off/s",
        "p50 ms",
        "p99 ms",
        "guesses refused/s",
        "guesses put off/s",
      ],
      rows,
    },
  ],
  versions: versionsOf("oidc-provider"),
});
