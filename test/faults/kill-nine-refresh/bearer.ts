import { setTimeout as delay } from "node:timers/promises";
import type { Dice, Violations } from "../drill.ts";
import { redeem, refresh, signIn, textIn, userInfo, type DoorAnswer } from "../identity/door.ts";

/** Milliseconds in which a refresh token that was used up is answered as the first time; the longest there is. */
export const GRACE = 60_000;

/** What bearers share. */
export interface BearerParts {
  readonly dice: Dice;
  readonly violations: Violations;
}

/** The tokens of one answer. */
interface Pair {
  readonly access: string;
  readonly refresh: string;
}

/** How often something was seen. */
export interface Tally {
  refreshes: number;
  /** Sent again because the answer was lost. */
  repeated: number;
  /** Refused for the moment: the store was away, or others were in the way. */
  refused: number;
  /** Whose answer was lost for longer than the grace. */
  outlasted: number;
}

/** Milliseconds a bearer waits after a refusal, at most. */
const PAUSE = 100;
const MOST_COPIES = 3;

/** A client with one line of refresh tokens, each got for the one before. */
export class Bearer {
  readonly tally: Tally = { refreshes: 0, repeated: 0, refused: 0, outlasted: 0 };
  readonly #number: number;
  readonly #parts: BearerParts;
  #newest: Pair | undefined;
  /** What the newest was got for, and when it was sent first: nobody needs it any more. */
  #before: { readonly token: string; readonly sentAt: number } | undefined;
  /** When the newest was sent first, where no answer has come yet. */
  #sentAt: number | undefined;
  readonly #seen = new Set<string>();

  constructor(number: number, parts: BearerParts) {
    this.#number = number;
    this.#parts = parts;
  }

  /** Refreshes until `signal`, whatever happens to the server. */
  async refreshUntil(url: string, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#advance(url).catch(() => delay(20));
    }
  }

  /**
   * Comes to a server that has been started again: what was answered before counts, and the newest token brings the
   * next, or what was answered and lost.
   */
  async resume(url: string, patience: number): Promise<void> {
    const { violations } = this.#parts;
    const deadline = performance.now() + patience;
    const before = this.#newest;
    if (before !== undefined && this.#sentAt === undefined) await this.#check(url, before, deadline);
    while (this.#newest === before) {
      if (performance.now() > deadline) {
        violations.add(`Client ${this.#number} got no answer to its newest token.`);
        return;
      }
      await this.#advance(url).catch(() => delay(50));
    }
  }

  /** At a server that repeats no answers: whether the token before the newest ends the line, or the newest works once. */
  async finish(url: string): Promise<void> {
    const { dice, violations } = this.#parts;
    const { access, refresh: newest } = this.#newest ?? { access: "", refresh: "" };
    const isThief = dice.chance(0.5);
    const used = isThief ? (this.#before?.token ?? "") : newest;
    const name = `client ${this.#number}`;
    let living = newest;
    if (!isThief) {
      const { status, body } = await refresh(url, newest);
      violations.expect(status === 200, `The newest token of ${name} was answered with ${status} at the end.`);
      living = String(body["refresh_token"]);
    }
    const again = await refresh(url, used);
    violations.expect(isGone(again), `A used token of ${name} was answered with ${again.status}.`);
    const successor = await refresh(url, living);
    violations.expect(isGone(successor), `A line of ${name} lives on after a used token: ${successor.status}.`);
    const told = await userInfo(url, access);
    violations.expect(told.status === 401, `An access token of ${name} lives on after a used token: ${told.status}.`);
  }

  /** Whether it has a line, with a token whose successor it has. */
  get isEstablished(): boolean {
    return this.#before !== undefined && this.#newest !== undefined;
  }

  async #advance(url: string): Promise<void> {
    const newest = this.#newest;
    if (newest === undefined) await this.#begin(url);
    else if (this.#sentAt === undefined && this.#parts.dice.chance(0.1)) await this.#comeAgain(url, newest);
    else await this.#refresh(url, newest);
  }

  async #begin(url: string): Promise<void> {
    const { status, body } = await redeem(url, await signIn(url));
    if (status !== 200) throw new Error(`A code was answered with ${status}.`);
    this.#newest = pairIn(body);
    this.#seen.add(this.#newest.refresh);
  }

  /** Sends the newest token, sometimes more than once at a time, as pages in several tabs do. */
  async #refresh(url: string, newest: Pair): Promise<void> {
    const { dice, violations } = this.#parts;
    if (this.#sentAt !== undefined) this.tally.repeated += 1;
    const sentAt = (this.#sentAt ??= performance.now());
    const copies = dice.chance(0.3) ? dice.integer(2, MOST_COPIES) : 1;
    const sent = await Promise.allSettled(Array.from({ length: copies }, () => refresh(url, newest.refresh)));
    const answers = sent.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
    const pairs = answers.filter(({ status }) => status === 200).map(({ body }) => pairIn(body));
    for (const answer of answers) if (answer.status !== 200) this.#judgeRefusal(answer, sentAt);
    const [next] = pairs;
    if (next === undefined) {
      await delay(dice.integer(5, PAUSE));
      return;
    }
    const isOne = pairs.every((pair) => pair.refresh === next.refresh && pair.access === next.access);
    violations.expect(isOne, `Client ${this.#number} got several tokens for one.`);
    violations.expect(!this.#seen.has(next.refresh), `Client ${this.#number} got a token again that it had used.`);
    this.#seen.add(next.refresh);
    this.tally.refreshes += 1;
    this.#before = { token: newest.refresh, sentAt };
    this.#newest = next;
    this.#sentAt = undefined;
  }

  /** Sends a token whose successor it has: within the grace it is told of that successor, and of no other. */
  async #comeAgain(url: string, newest: Pair): Promise<void> {
    const { violations } = this.#parts;
    const before = this.#before;
    if (before === undefined || performance.now() - before.sentAt > GRACE / 2) return this.#refresh(url, newest);
    const { status, body } = await refresh(url, before.token);
    if (status === 503) return;
    const isSame = status === 200 && body["refresh_token"] === newest.refresh && body["access_token"] === newest.access;
    violations.expect(isSame, `Client ${this.#number} came with a used token and was answered with ${status}.`);
  }

  #judgeRefusal(answer: DoorAnswer, sentAt: number): void {
    const { status, body } = answer;
    if (status === 503) {
      this.tally.refused += 1;
      return;
    }
    const isOutlasted = isGone(answer) && performance.now() - sentAt > GRACE;
    if (isOutlasted) this.tally.outlasted += 1;
    else this.#parts.violations.add(`Client ${this.#number} was refused: ${status} ${JSON.stringify(body)}`);
    // It begins anew.
    this.#newest = undefined;
    this.#before = undefined;
    this.#sentAt = undefined;
  }

  /** What was answered before a crash is there after it. */
  async #check(url: string, { access }: Pair, deadline: number): Promise<void> {
    const told = await userInfo(url, access).catch(() => undefined);
    if ((told === undefined || told.status === 503) && performance.now() < deadline) {
      await delay(50);
      return this.#check(url, { access, refresh: "" }, deadline);
    }
    this.#parts.violations.expect(told?.status === 200, `An access token was lost: ${told?.status}.`);
  }
}

function isGone({ status, body }: DoorAnswer): boolean {
  return status === 400 && body["error"] === "invalid_grant";
}

function pairIn(body: DoorAnswer["body"]): Pair {
  return { access: textIn(body, "access_token"), refresh: textIn(body, "refresh_token") };
}
