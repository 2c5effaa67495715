import type { Clock } from "../../kernel/clock.ts";
import type { SigningKeys, SigningKeyUses, UsedSigningKey } from "../../kernel/ports/signing-keys.ts";
import type { Store } from "../../kernel/ports/store.ts";
import { systemTimers, type Timers } from "../../kernel/timers.ts";

/** What uses are counted with. */
export interface KeyUsesParts {
  readonly store: Store;
  readonly keys: Pick<SigningKeys, "addUses">;
  readonly clock: Pick<Clock, "now">;
  readonly timers?: Timers;
  readonly report: (error: unknown) => void;
}

/** Milliseconds between batches. */
const PAUSE = 30_000;
const NONE: SigningKeyUses = { signed: 0 };

/** Counts what signing keys are used for: in memory, and in the store a batch at a time, off the path of requests. */
export class KeyUses implements AsyncDisposable {
  readonly #parts: KeyUsesParts & { readonly timers: Timers };
  #counted = new Map<string, SigningKeyUses>();
  #timer: Disposable | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(parts: KeyUsesParts) {
    this.#parts = { timers: systemTimers, ...parts };
  }

  /** Notes that a key has signed a text. */
  signed(kid: string): void {
    this.#add(kid, { signed: 1, signedAt: this.#parts.clock.now() });
  }

  /** Notes that somebody has shown us a text that a key has signed. */
  seen(kid: string): void {
    this.#add(kid, { signed: 0, seenAt: this.#parts.clock.now() });
  }

  /** What a key was used for, with what is not written yet. */
  with({ kid, uses }: UsedSigningKey): SigningKeyUses {
    return sumOf(uses, this.#counted.get(kid) ?? NONE);
  }

  /** Writes what is counted; what cannot be written is kept for the next time. */
  flush(): Promise<void> {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    this.#writing = this.#writing.then(() => this.#write()).catch(this.#parts.report);
    return this.#writing;
  }

  async #write(): Promise<void> {
    if (this.#counted.size === 0) return;
    const { store, keys } = this.#parts;
    const batch = this.#counted;
    this.#counted = new Map();
    try {
      await store.write(async (transaction) => {
        for (const [kid, uses] of batch) await keys.addUses(transaction, kid, uses);
      });
    } catch (error) {
      for (const [kid, uses] of batch) this.#add(kid, uses);
      throw error;
    }
  }

  #add(kid: string, uses: SigningKeyUses): void {
    this.#counted.set(kid, sumOf(this.#counted.get(kid) ?? NONE, uses));
    this.#timer ??= this.#parts.timers.after(PAUSE, () => void this.flush(), "background");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.flush();
    this.#timer?.[Symbol.dispose]();
  }
}

function sumOf(one: SigningKeyUses, other: SigningKeyUses): SigningKeyUses {
  return {
    signed: one.signed + other.signed,
    signedAt: later(one.signedAt, other.signedAt),
    seenAt: later(one.seenAt, other.seenAt),
  };
}

function later(one: number | undefined, other: number | undefined): number | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return Math.max(one, other);
}
