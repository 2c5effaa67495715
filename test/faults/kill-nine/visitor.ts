import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { Client, type Answer } from "../../support/client.ts";
import type { Dice, Violations } from "../drill.ts";
import type { Intent, Journal } from "./journal.ts";

/** What visitors share. */
export interface VisitorParts {
  readonly dice: Dice;
  readonly journal: Journal;
  readonly violations: Violations;
  /** Every attempt comes from an address of its own, so that limits work without getting in the way. */
  readonly nextAddress: () => string;
}

/** Whether an intent was carried out as far as its visitor knows. */
type Ending = "done" | "open";

const EVENT = "/events/anna-and-ben";
const TRIES = 3;
/** How often a visitor comes back to what is still open instead of beginning something new. */
const LATER = 0.4;
/** Milliseconds a visitor waits after a refusal, at most. */
const PAUSE = 200;
/** Refusals that pass: the same intent may be sent again. */
const PASSING: ReadonlySet<string> = new Set(["IDEMPOTENCY_IN_PROGRESS", "OUTCOME_UNKNOWN", "STORE_UNAVAILABLE"]);

/** Somebody who signs, likes, pays and looks around, again and again, whatever happens to the server. */
export class Visitor implements Disposable {
  readonly number: number;
  /** Intents without an acknowledgement. */
  readonly open: Intent[] = [];
  /** Whether this visitor likes the event, by the last acknowledged answer. */
  liked = false;
  readonly #client: Client;
  readonly #parts: VisitorParts;
  #sequence = 0;
  #arrived = false;

  constructor(number: number, url: string, parts: VisitorParts) {
    this.number = number;
    this.#parts = parts;
    this.#client = new Client({ url });
  }

  /** Moves on to where the server is now. */
  goTo(url: string): void {
    this.#client.url = url;
  }

  /** Acts until `signal`. Failures of the connection are part of the game. */
  async actUntil(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        if (!this.#arrived) await this.#arrive();
        await this.#actOnce(signal);
      } catch {
        // The server is gone or not there yet; every answer is judged where it arrives.
        await delay(20);
      }
    }
  }

  /** Tries everything open until it is acknowledged, or the patience (milliseconds) for it ends. */
  async resolveAll(patience: number): Promise<void> {
    const intents = [...this.open];
    // What was cut off outside of the store takes its time; the others do not wait for it.
    const charges = intents.filter(({ kind }) => kind === "charge");
    const others = intents.filter(({ kind }) => kind !== "charge");
    const resolving = charges.map((intent) => this.#resolve(intent, patience));
    for (const intent of others) await this.#resolve(intent, patience);
    await Promise.all(resolving);
  }

  async #resolve(intent: Intent, patience: number): Promise<void> {
    const deadline = performance.now() + patience;
    while (performance.now() < deadline) {
      const ending = await this.#send(intent).catch((): Ending => "open");
      if (ending === "done") return;
      await delay(250);
    }
  }

  /** Whether the page shows this visitor's heart as given. */
  async showsLike(): Promise<boolean> {
    const { text } = await this.#client.open(EVENT);
    return /<button class="button like" aria-pressed="true"/.test(text);
  }

  [Symbol.dispose](): void {
    this.#client[Symbol.dispose]();
  }

  async #arrive(): Promise<void> {
    const { status } = await this.#client.open(EVENT);
    this.#arrived = status === 200 && this.#client.components.size > 0;
    if (!this.#arrived) throw new Error(`The page was answered with ${status}.`);
  }

  async #actOnce(signal: AbortSignal): Promise<void> {
    const { dice } = this.#parts;
    const draw = dice.fraction();
    if (draw < 0.1) await this.#look();
    else if (draw < 0.15) await this.#client.refreshToken({ timeout: 5_000 });
    else if (draw < 0.6) await this.#mean("sign", signal);
    else if (draw < 0.8) await this.#mean("like", signal);
    else await this.#mean("charge", signal);
  }

  async #look(): Promise<void> {
    const { status } = await this.#client.get(EVENT, { headers: { accept: "text/html" }, timeout: 5_000 });
    this.#parts.violations.expect(status === 200 || status === 503, `A page was answered with ${status}.`);
  }

  async #mean(kind: Intent["kind"], signal: AbortSignal): Promise<void> {
    const { dice, journal } = this.#parts;
    // What became of the last like is settled before the next, so that the visitor knows what the page must show.
    const unsettled = kind === "like" ? this.open.find((intent) => intent.kind === "like") : undefined;
    const earlier = unsettled ?? this.#comeBack();
    const intent = earlier ?? this.#invent(kind);
    if (earlier === undefined) {
      journal.begin(intent);
      this.open.push(intent);
    }
    for (let tries = 0; tries < TRIES && !signal.aborted; tries += 1) {
      const both = dice.chance(0.1);
      const sent = [this.#send(intent), ...(both ? [this.#send(intent)] : [])];
      const endings = await Promise.allSettled(sent);
      if (endings.some((ending) => ending.status === "fulfilled" && ending.value === "done")) return;
      await delay(dice.integer(5, PAUSE));
      // Some retry soon, some later, some only at the very end.
      if (dice.chance(0.3)) return;
    }
  }

  /** Something that is still open. Charges that were cut off are waited for, so they are rarely asked about. */
  #comeBack(): Intent | undefined {
    const { dice } = this.#parts;
    if (!dice.chance(LATER)) return undefined;
    const open = this.open.filter(({ kind }) => kind !== "charge" || dice.chance(0.05));
    return open.length === 0 ? undefined : dice.pick(open);
  }

  #invent(kind: Intent["kind"]): Intent {
    this.#sequence += 1;
    const marker = `${kind} ${this.number}-${this.#sequence} ${randomUUID().slice(0, 8)}`;
    const intent = { kind, key: randomUUID(), marker, visitor: this.number };
    return kind === "like" ? { ...intent, liked: this.#parts.dice.chance(0.5) } : intent;
  }

  async #send(intent: Intent): Promise<Ending> {
    const answer = await this.#request(intent);
    if (answer.status !== 200) return this.#refused(intent, answer);
    const cached = answer.headers["idempotent-replayed"] === "true";
    const requestId = String(answer.headers["x-request-id"]);
    this.#parts.journal.done({ key: intent.key, cached, requestId });
    const position = this.open.findIndex(({ key }) => key === intent.key);
    if (position !== -1) this.open.splice(position, 1);
    if (intent.liked !== undefined) this.liked = intent.liked;
    return "done";
  }

  #request(intent: Intent): Promise<Answer> {
    const { key, kind, marker } = intent;
    const headers = { "x-forwarded-for": this.#parts.nextAddress() };
    const options = { key, headers, timeout: 30_000 };
    switch (kind) {
      case "sign":
        return this.#client.act("guestbook", "sign", { author: "Drill", message: marker }, options);
      case "like":
        return this.#client.act("like", "set", { liked: intent.liked }, options);
      case "charge":
        return this.#client.post(
          "/drill/charge",
          { marker },
          { headers: { ...headers, "idempotency-key": key, "x-csrf-token": this.#client.token }, timeout: 30_000 },
        );
    }
  }

  /** A refusal must be one that tells the visitor to come again, and when. */
  #refused({ marker }: Intent, { status, headers, json }: Answer): Ending {
    const { violations } = this.#parts;
    const code = String(json?.code);
    if (!PASSING.has(code)) violations.add(`${marker} was answered with ${status} ${code}.`);
    else violations.expect(headers["retry-after"] !== undefined, `${code} came without Retry-After.`);
    return "open";
  }
}
