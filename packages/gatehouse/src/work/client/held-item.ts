import type { z } from "zod";
import { pause, systemTimers, type Timers } from "../../kernel/timers.ts";
import type { Finding } from "../order-type.ts";
import { ANSWERS, type WireCheckedOut } from "../rest/shapes.ts";
import type { WorkConnection } from "./connection.ts";
import { WorkError } from "./work-error.ts";

/** How far somebody is. */
export interface Progress {
  readonly done?: number;
  readonly total?: number;
  readonly note?: string;
}

/** What is said of a result. */
export interface SubmitOptions {
  readonly evidence?: readonly { readonly title: string; readonly text?: string; readonly url?: string }[];
  readonly notes?: string;
}

/** Parts of results by their names. */
export type PartPayloads = Readonly<Record<string, unknown>>;

const SECOND = 1000;
/** What ends a lease for good. */
const LOST = new Set(["LEASE_LOST", "LEASE_EXPIRED", "WORK_ITEM_UNKNOWN"]);

/** An item in one's hands, with the lease that every call about it shows. */
export class HeldItem<Item, Result, Parts extends PartPayloads = PartPayloads> {
  readonly item: string;
  readonly order: string;
  readonly type: string;
  readonly key: string;
  readonly input: Item;
  readonly attempt: number;
  /** What was wrong with it the last time. */
  readonly errors: readonly Finding[];
  readonly #connection: WorkConnection;
  readonly #lease: { readonly lease: string; readonly epoch: number };
  readonly #beat: number;
  readonly #timers: Timers;

  constructor(connection: WorkConnection, given: z.output<typeof WireCheckedOut>, timers: Timers = systemTimers) {
    this.#connection = connection;
    this.item = given.item;
    this.order = given.order;
    this.type = given.type;
    this.key = given.key;
    // The server has checked it against the schema of the type.
    this.input = given.input as Item;
    this.attempt = given.attempt;
    const { errors = [] } = given as { readonly errors?: readonly Finding[] };
    this.errors = errors;
    this.#lease = { lease: given.lease, epoch: given.epoch };
    this.#beat = given.heartbeat_every_seconds * SECOND;
    this.#timers = timers;
  }

  /** Says that one is still at it. `cancel_requested`: nobody wants it any more. */
  async beat(progress?: Progress): Promise<{ readonly cancelRequested: boolean }> {
    const body = { ...this.#lease, ...(progress === undefined ? {} : { progress }) };
    const answer = ANSWERS.beaten.parse(await this.#connection.call(`/items/${this.item}/heartbeat`, { body }));
    return { cancelRequested: answer.cancel_requested };
  }

  /**
   * Does the work while beats go on, as often as the server has asked. The signal is aborted once the lease is lost or the
   * work is not wanted any more; a beat that could not be sent is neither.
   */
  async during<Value>(work: (signal: AbortSignal) => Promise<Value>): Promise<Value> {
    const stop = new AbortController();
    const lost = new AbortController();
    const beating = this.#keepBeating(stop.signal, lost);
    try {
      return await work(lost.signal);
    } finally {
      stop.abort();
      await beating;
    }
  }

  async #keepBeating(stop: AbortSignal, lost: AbortController): Promise<void> {
    while (!stop.aborted && !lost.signal.aborted) {
      await pause(this.#timers, this.#beat, { signal: stop });
      if (stop.aborted) return;
      try {
        const { cancelRequested } = await this.beat();
        if (cancelRequested) lost.abort(new Error("Nobody wants this work any more."));
      } catch (error) {
        if (error instanceof WorkError && LOST.has(error.code)) lost.abort(error);
      }
    }
  }

  /** Hands the result in, and with it the item. */
  submit(result: Result, options: SubmitOptions = {}): Promise<unknown> {
    return this.#post("submit", { result, ...options }, true);
  }

  /** Hands a part of the result in. */
  submitPart<Name extends keyof Parts & string>(part: Name, payload: Parts[Name], seq = 0): Promise<unknown> {
    return this.#post("parts", { part, payload, seq }, true);
  }

  /** The parts that are there, by whomever they were handed in. */
  async parts(): Promise<readonly { readonly part: string; readonly seq: number; readonly payload: unknown }[]> {
    const { lease, epoch } = this.#lease;
    const headers = { "work-lease": lease, "work-epoch": String(epoch) };
    return ANSWERS.parts.parse(await this.#connection.call(`/items/${this.item}/parts`, { headers })).parts;
  }

  /** Has the result made of its parts. */
  finalize(mode: "strict" | "best_effort" = "strict"): Promise<unknown> {
    return this.#post("finalize", { mode }, true);
  }

  /** Gives the item back; the attempt does not count. */
  release(reason?: string): Promise<unknown> {
    return this.#post("release", reason === undefined ? {} : { reason }, true);
  }

  /** Says that it cannot be done, and whether somebody else should try. */
  fail(errors: readonly Finding[], retry = true): Promise<unknown> {
    return this.#post("fail", { errors, retry }, true);
  }

  #post(what: string, body: object, once: boolean): Promise<unknown> {
    return this.#connection.call(`/items/${this.item}/${what}`, { body: { ...this.#lease, ...body }, once });
  }
}
