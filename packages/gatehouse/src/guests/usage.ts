import type { Clock } from "../kernel/clock.ts";
import type {
  BucketRange,
  JoinTokenBucket,
  JoinTokenKey,
  JoinTokens,
  JoinTokenUsageCounts,
} from "../kernel/ports/join-tokens.ts";
import type { Store } from "../kernel/ports/store.ts";
import { systemTimers, type Timers } from "../kernel/timers.ts";
import { joinTokenOf } from "./grants.ts";

/** Milliseconds of a bucket. */
export const BUCKET = 5 * 60_000;
/** Milliseconds what was counted stays in memory at most: what a crash loses. */
const FLUSH_AFTER = 5_000;
/** Buckets in memory at once; beyond it they are written at once. */
const MOST_PENDING = 2_000;
/** Sessions of a bucket that are told apart; beyond it the count is a lower bound. */
const MOST_SESSIONS = 20_000;

/** What happened under a token. */
export interface JoinTokenUse {
  readonly views?: number;
  readonly joins?: number;
  readonly uploads?: number;
  readonly bytes?: number;
  /** Keyed fingerprint of the session it happened in. */
  readonly session?: string | undefined;
  readonly refused?: "expired" | "revoked" | "full" | "limited";
}

/** What usage is counted with. */
export interface JoinTokenUsageParts {
  readonly tokens: JoinTokens;
  readonly store: Store;
  readonly clock: Clock;
  readonly report: (error: unknown) => void;
  readonly timers?: Timers;
}

type Counts = { -readonly [Name in keyof JoinTokenUsageCounts]: number };

interface Pending {
  readonly token: string;
  readonly start: number;
  readonly counts: Counts;
}

interface SeenSessions {
  readonly start: number;
  readonly sessions: Set<string>;
}

/**
 * Counts what happens under join tokens, in buckets of five minutes. Counts are gathered in memory and written every
 * five seconds, one row for each token: a crash loses that much. Distinct sessions are exact on one server; several
 * servers count a session once each.
 */
export class JoinTokenUsage implements AsyncDisposable {
  readonly #parts: JoinTokenUsageParts;
  readonly #timers: Timers;
  #pending = new Map<string, Pending>();
  readonly #seen = new Map<string, SeenSessions>();
  #timer: Disposable | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(parts: JoinTokenUsageParts) {
    this.#parts = parts;
    this.#timers = parts.timers ?? systemTimers;
  }

  /** Counts a use of a token: by its identifier, or by that of the grant it gives. Grants of others count for nothing. */
  record(token: string, { session, refused, ...use }: JoinTokenUse): void {
    const id = token.includes(":") ? joinTokenOf(token) : token;
    if (id === undefined) return;
    const start = bucketAt(this.#parts.clock.now());
    const { counts } = this.#bucket(id, start);
    counts.views += use.views ?? 0;
    counts.joins += use.joins ?? 0;
    counts.uploads += use.uploads ?? 0;
    counts.bytes += use.bytes ?? 0;
    if (session !== undefined && this.#isFirst(id, start, session)) counts.sessions += 1;
    if (refused !== undefined) counts[REFUSALS[refused]] += 1;
  }

  /** What was counted, those five seconds included that are still in memory here. */
  async read({ tenant, id }: JoinTokenKey, range: BucketRange): Promise<readonly JoinTokenBucket[]> {
    const { store, tokens } = this.#parts;
    await this.flush();
    return store.read(async (reading) =>
      (await tokens.find(reading, { tenant, id })) === undefined ? [] : tokens.usage(reading, id, range),
    );
  }

  /** Writes what is in memory. */
  flush(): Promise<void> {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    this.#writing = this.#writing.then(() => this.#write());
    return this.#writing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.flush();
  }

  #bucket(token: string, start: number): Pending {
    const key = `${token} ${start}`;
    const known = this.#pending.get(key);
    if (known !== undefined) return known;
    const pending = { token, start, counts: { ...NOTHING } };
    this.#pending.set(key, pending);
    if (this.#pending.size >= MOST_PENDING) void this.flush();
    else this.#timer ??= this.#timers.after(FLUSH_AFTER, () => void this.flush(), "background");
    return pending;
  }

  #isFirst(token: string, start: number, session: string): boolean {
    let seen = this.#seen.get(token);
    if (seen?.start !== start) {
      seen = { start, sessions: new Set() };
      this.#seen.set(token, seen);
    }
    if (seen.sessions.has(session) || seen.sessions.size >= MOST_SESSIONS) return false;
    seen.sessions.add(session);
    return true;
  }

  async #write(): Promise<void> {
    const pending = this.#pending;
    if (pending.size === 0) return;
    this.#pending = new Map();
    const { store, tokens, report, clock } = this.#parts;
    this.#forgetSessions(bucketAt(clock.now()));
    try {
      await store.write(async (writing) => {
        for (const { token, start, counts } of pending.values()) {
          await tokens.addUsage(writing, { token, start, ...counts });
        }
      });
    } catch (error) {
      report(error);
      for (const { token, start, counts } of pending.values()) add(this.#bucket(token, start).counts, counts);
    }
  }

  #forgetSessions(current: number): void {
    for (const [token, { start }] of this.#seen) if (start < current) this.#seen.delete(token);
  }
}

const NOTHING: JoinTokenUsageCounts = Object.freeze({
  ...{ views: 0, joins: 0, uploads: 0, bytes: 0, sessions: 0 },
  ...{ refusedExpired: 0, refusedRevoked: 0, refusedFull: 0, refusedLimited: 0 },
});

const REFUSALS = {
  expired: "refusedExpired",
  revoked: "refusedRevoked",
  full: "refusedFull",
  limited: "refusedLimited",
} as const;

/** When the bucket began that a time lies in. */
export function bucketAt(time: number): number {
  return time - (time % BUCKET);
}

function add(counts: Counts, more: JoinTokenUsageCounts): void {
  // `NOTHING` has exactly the names of the counts.
  for (const name of Object.keys(NOTHING) as (keyof Counts)[]) counts[name] += more[name];
}
