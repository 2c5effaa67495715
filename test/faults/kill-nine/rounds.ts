import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { quantile, type Dice, type Report, Violations } from "../drill.ts";
import { MortalServer } from "../mortal-server.ts";
import { Journal } from "./journal.ts";
import type { Ledger } from "./ledger.ts";
import { startProvider, type Provider } from "./provider.ts";
import { judge } from "./verdict.ts";
import { Visitor, type VisitorParts } from "./visitor.ts";

/** What is killed in a round: the server, the server while it starts, or also what it keeps its data in. */
export type Kill = "server" | "starting server" | "store" | "server and store";

/** How a drill is run. */
export interface RoundsOptions {
  readonly rounds: number;
  readonly visitors: number;
  readonly dice: Dice;
  readonly report: Report;
  /** Options of the server that name its store. */
  readonly environment: Readonly<Record<string, string>>;
  /** What is killed in a round. */
  readonly choose: (round: number) => Kill;
  /** Kills the store and starts it again. */
  readonly crashStore?: () => Promise<void>;
  /** Reads the store once the server has stopped. */
  readonly read: (data: string) => Promise<Ledger>;
}

const config = fileURLToPath(new URL("../application.ts", import.meta.url));
/** Milliseconds of load before a kill, at most. */
const LONGEST_LOAD = 2_000;
/** Milliseconds into a start at which it may be killed. */
const LONGEST_START = 1_200;
/** Milliseconds an intent may take at the end: a charge that was cut off is taken over once its lease has run out. */
const PATIENCE = 60_000;

/** Kills and starts again, round after round, and then holds what was acknowledged against what is there. */
export async function runRounds(options: RoundsOptions): Promise<readonly string[]> {
  await using stack = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), "gatehouse-kill-nine-"));
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  const provider = stack.use(await startProvider(options.dice));
  const drill = new Rounds(options, { directory, provider });
  stack.defer(() => drill.close());
  for (let round = 1; round <= options.rounds; round += 1) await drill.round(round);
  return await drill.finish();
}

class Rounds {
  readonly #options: RoundsOptions;
  readonly #data: string;
  readonly #provider: Provider;
  readonly #journal: Journal;
  readonly #violations = new Violations();
  readonly #visitors: Visitor[] = [];
  readonly #server: MortalServer;
  readonly #kills = new Map<Kill, number>();
  readonly #parts: VisitorParts;

  constructor(options: RoundsOptions, { directory, provider }: { directory: string; provider: Provider }) {
    this.#options = options;
    this.#data = join(directory, "data");
    this.#server = new MortalServer({
      ...{ data: this.#data, config, violations: this.#violations },
      environment: { ...options.environment, DRILL_PROVIDER: provider.url },
    });
    this.#journal = new Journal(join(directory, "journal.jsonl"));
    this.#provider = provider;
    let addresses = 0;
    const nextAddress = (): string => {
      addresses += 1;
      return `10.${(addresses >> 16) & 255}.${(addresses >> 8) & 255}.${addresses & 255}`;
    };
    this.#parts = { dice: options.dice, journal: this.#journal, violations: this.#violations, nextAddress };
  }

  async round(number: number): Promise<void> {
    const { choose, dice, rounds, report } = this.#options;
    const kill = choose(number);
    this.#kills.set(kill, (this.#kills.get(kill) ?? 0) + 1);
    if (kill === "starting server") {
      const server = await this.#server.launch();
      await delay(dice.integer(0, LONGEST_START));
      await server.kill();
    } else {
      await this.#loadAndKill(kill);
    }
    const accounts = this.#journal.exists ? this.#journal.accounts() : [];
    const done = accounts.filter(({ acknowledgements }) => acknowledgements.length > 0).length;
    const open = accounts.length - done;
    report.progress(`round ${number}/${rounds}, ${kill} killed; ${done} acknowledged, ${open} open`);
  }

  async finish(): Promise<readonly string[]> {
    const { read, report, visitors: visitorCount } = this.#options;
    const server = await this.#server.start();
    await this.#comeTo(server.url, visitorCount);
    const open = this.#visitors.reduce((sum, visitor) => sum + visitor.open.length, 0);
    await Promise.all(this.#visitors.map((visitor) => visitor.resolveAll(PATIENCE)));
    for (const visitor of this.#visitors) {
      const shown = await visitor.showsLike();
      this.#violations.expect(shown === visitor.liked, `The page of visitor ${visitor.number} shows a wrong heart.`);
    }
    await this.#server.stop(server);
    const ledger = await read(this.#data);
    const accounts = this.#journal.accounts();
    judge({ accounts, ledger, provider: this.#provider }, this.#violations);
    const hearts = this.#visitors.filter(({ liked }) => liked).length;
    this.#violations.expect(ledger.likes === hearts, `${ledger.likes} hearts are stored, ${hearts} were given.`);
    const { starts } = this.#server;
    const count = (kind: string): number => accounts.filter(({ intent }) => intent.kind === kind).length;
    report.summary({
      seed: this.#options.dice.seed,
      ...Object.fromEntries([...this.#kills].map(([kill, times]) => [`rounds: ${kill} killed`, times])),
      "entries, likes, charges": `${count("sign")}, ${count("like")}, ${count("charge")}`,
      "answers, of them repeated": answersOf(accounts),
      "open at the last kill": open,
      "requests to the provider": this.#provider.requests,
      "start, median and longest (ms)": `${ms(quantile(starts, 0.5))}, ${ms(Math.max(...starts))}`,
      violations: this.#violations.list.length,
    });
    return this.#violations.list;
  }

  async close(): Promise<void> {
    for (const visitor of this.#visitors) visitor[Symbol.dispose]();
    await this.#server.kill();
  }

  async #loadAndKill(kill: Exclude<Kill, "starting server">): Promise<void> {
    const { dice, crashStore, visitors } = this.#options;
    const server = await this.#server.start();
    await this.#comeTo(server.url, visitors);
    const over = new AbortController();
    const acting = this.#visitors.map((visitor) => visitor.actUntil(over.signal));
    await delay(dice.integer(50, LONGEST_LOAD));
    if (kill !== "server") await crashStore?.();
    if (kill === "store") {
      // The server stays: it must find its store again by itself, under load.
      await this.#server.untilReady(server.url);
      await delay(dice.integer(50, LONGEST_LOAD));
    }
    this.#server.judge(server);
    await server.kill();
    over.abort();
    await Promise.all(acting);
  }

  async #comeTo(url: string, count: number): Promise<void> {
    for (let number = this.#visitors.length + 1; number <= count; number += 1) {
      this.#visitors.push(new Visitor(number, url, this.#parts));
    }
    for (const visitor of this.#visitors) visitor.goTo(url);
  }
}

function answersOf(accounts: ReturnType<Journal["accounts"]>): string {
  const answers = accounts.flatMap(({ acknowledgements }) => acknowledgements);
  return `${answers.length}, ${answers.filter(({ cached }) => cached).length}`;
}

function ms(value: number): string {
  return value.toFixed(0);
}
