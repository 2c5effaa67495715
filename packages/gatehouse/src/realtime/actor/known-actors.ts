import type { ActorAddress, ActorRecord } from "../../kernel/ports/actors.ts";
import type { WriteTransaction } from "../../kernel/ports/store.ts";

/** Actors that are remembered, and how much of their states and streams. */
const MOST_ACTORS = 10_000;
const MOST_CHARACTERS = 32 * 1024 * 1024;

/**
 * Actors as this node has last written them, so that a turn need not read what it has written itself. Nothing is decided
 * by it: whoever goes by a record writes the version after it, and where the store has another one, forgets it.
 */
export class KnownActors {
  readonly #records = new Map<string, ActorRecord>();
  #characters = 0;

  find(address: ActorAddress): ActorRecord | undefined {
    return this.#records.get(addressText(address));
  }

  /**
   * A record that was written in a transaction. On the embedded store, where one transaction runs at a time, the next
   * one sees it at once; elsewhere it has to be committed first.
   */
  note(address: ActorAddress, record: ActorRecord, transaction: WriteTransaction): void {
    if (transaction.dialect === "sqlite") this.#keep(address, record);
    else transaction.afterCommit(() => this.#keep(address, record));
  }

  forget(address: ActorAddress): void {
    this.#drop(addressText(address));
  }

  #keep(address: ActorAddress, record: ActorRecord): void {
    const text = addressText(address);
    this.#drop(text);
    this.#records.set(text, record);
    this.#characters += sizeOf(record);
    while (this.#records.size > MOST_ACTORS || this.#characters > MOST_CHARACTERS) {
      const [oldest] = this.#records.keys();
      if (oldest === undefined) return;
      this.#drop(oldest);
    }
  }

  #drop(text: string): void {
    const record = this.#records.get(text);
    if (record === undefined) return;
    this.#characters -= sizeOf(record);
    this.#records.delete(text);
  }
}

/** One text for one address. */
export function addressText({ tenant, type, key }: ActorAddress): string {
  return JSON.stringify([tenant, type, ...key]);
}

function sizeOf({ state, offsets }: ActorRecord): number {
  return state.length + offsets.length;
}
