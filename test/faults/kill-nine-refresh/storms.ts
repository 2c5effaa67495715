import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { quantile, type Dice, type Report, Violations } from "../drill.ts";
import { IDENTITY_CONFIG, IDENTITY_ENVIRONMENT } from "../identity/door.ts";
import type { Query } from "../kill-nine/ledger.ts";
import type { Kill } from "../kill-nine/rounds.ts";
import { MortalServer } from "../mortal-server.ts";
import { Bearer, GRACE, type Tally } from "./bearer.ts";

/** How a drill is run. */
export interface StormsOptions {
  readonly rounds: number;
  readonly bearers: number;
  readonly dice: Dice;
  readonly report: Report;
  /** Options of the server that name its store. */
  readonly environment: Readonly<Record<string, string>>;
  /** What is killed in a round. */
  readonly choose: (round: number) => Kill;
  /** Kills the store and starts it again. */
  readonly crashStore?: () => Promise<void>;
  /** Looks into the store once the server has stopped. */
  readonly inspect: (data: string, look: typeof readLines) => Promise<Lines>;
}

/** Lines of refresh tokens, as the store has them. */
export interface Lines {
  /** Families with several tokens that were not used. */
  readonly forked: number;
  readonly damage: readonly string[];
}

/** Milliseconds of load before a kill, at most. */
const LONGEST_LOAD = 1_500;
/** Milliseconds into a start at which it may be killed. */
const LONGEST_START = 1_200;
/** Milliseconds until a client must have been answered after a start. */
const PATIENCE = 30_000;

/** Kills and starts again under a storm of refreshes, round after round, and asks after each what became of everybody. */
export async function runStorms(options: StormsOptions): Promise<readonly string[]> {
  await using stack = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), "gatehouse-refresh-"));
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  const storms = new Storms(options, join(directory, "data"));
  stack.defer(() => storms.close());
  for (let round = 1; round <= options.rounds; round += 1) await storms.round(round);
  return await storms.finish();
}

class Storms {
  readonly #options: StormsOptions;
  readonly #data: string;
  readonly #server: MortalServer;
  readonly #bearers: readonly Bearer[];
  readonly #violations = new Violations();
  readonly #kills = new Map<Kill, number>();

  constructor(options: StormsOptions, data: string) {
    const parts = { dice: options.dice, violations: this.#violations };
    this.#options = options;
    this.#data = data;
    this.#bearers = Array.from({ length: options.bearers }, (_, index) => new Bearer(index + 1, parts));
    this.#server = new MortalServer({
      ...{ data, config: IDENTITY_CONFIG, violations: this.#violations },
      environment: {
        ...IDENTITY_ENVIRONMENT,
        ...options.environment,
        GATEHOUSE_IDENTITY_GRACE: `${GRACE / 1000}s`,
      },
    });
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
      await this.#stormAndKill(kill);
    }
    report.progress(
      `round ${number}/${rounds}, ${kill} killed; ${this.#total("refreshes")} refreshes, ${this.#violations.list.length} violations`,
    );
  }

  async finish(): Promise<readonly string[]> {
    const { inspect, report, dice } = this.#options;
    await this.#resume();
    await this.#resume();
    await this.#server.stop(this.#server.life);
    const { forked, damage } = await inspect(this.#data, readLines);
    this.#violations.expect(forked === 0, `${forked} families have several tokens that can be used.`);
    for (const text of damage) this.#violations.add(`The store is damaged: ${text}`);
    const strict = await this.#server.start({ GATEHOUSE_IDENTITY_GRACE: "0s" });
    const established = this.#bearers.filter((bearer) => bearer.isEstablished);
    this.#violations.expect(established.length === this.#bearers.length, "A client has no line at the end.");
    await Promise.all(established.map((bearer) => bearer.finish(strict.url)));
    this.#server.judge(strict);
    await this.#server.stop(strict);
    const { starts } = this.#server;
    report.summary({
      seed: dice.seed,
      ...Object.fromEntries([...this.#kills].map(([kill, times]) => [`rounds: ${kill} killed`, times])),
      clients: this.#bearers.length,
      "refreshes, sent again": `${this.#total("refreshes")}, ${this.#total("repeated")}`,
      "refused for the moment": this.#total("refused"),
      "lost for longer than the grace": this.#total("outlasted"),
      "start, median and longest (ms)": `${quantile(starts, 0.5).toFixed(0)}, ${Math.max(...starts).toFixed(0)}`,
      violations: this.#violations.list.length,
    });
    return this.#violations.list;
  }

  async close(): Promise<void> {
    await this.#server.kill();
  }

  async #stormAndKill(kill: Exclude<Kill, "starting server">): Promise<void> {
    const { dice, crashStore } = this.#options;
    const server = await this.#resume();
    const over = new AbortController();
    const storm = this.#bearers.map((bearer) => bearer.refreshUntil(server.url, over.signal));
    await delay(dice.integer(20, LONGEST_LOAD));
    if (kill !== "server") await crashStore?.();
    if (kill === "store") {
      // The server stays: it must find its store again by itself, under load.
      await this.#server.untilReady(server.url);
      await delay(dice.integer(20, LONGEST_LOAD));
    }
    this.#server.judge(server);
    await server.kill();
    over.abort();
    await Promise.all(storm);
  }

  /** Starts the server where it does not run, and lets everybody come with what they know. */
  async #resume() {
    const server = this.#server.lives ? this.#server.life : await this.#server.start();
    await Promise.all(this.#bearers.map((bearer) => bearer.resume(server.url, PATIENCE)));
    return server;
  }

  #total(name: keyof Tally): number {
    return this.#bearers.reduce((sum, { tally }) => sum + tally[name], 0);
  }
}

/** Reads the lines that a store has. */
export async function readLines(query: Query, damage: readonly string[]): Promise<Lines> {
  const forked = await query(`SELECT grant_key FROM oauth_artifacts
    WHERE kind = 'RefreshToken' AND consumed_at IS NULL GROUP BY grant_key HAVING count(*) > 1`);
  return { forked: forked.length, damage };
}
