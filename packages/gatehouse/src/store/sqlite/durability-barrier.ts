import { samePosition, type WalPosition } from "./wal-file.ts";

/** Something that waits for what has been committed up to a position. Exactly one of the two is called. */
export interface BarrierWaiter {
  passed(): void;
  failed(error: Error): void;
}

interface Waiting {
  readonly position: WalPosition;
  readonly waiters: BarrierWaiter[];
}

/**
 * Holds back the answers of committed transactions until the log they were written to has been synced by a
 * sync that began after their commit. One sync runs at a time; what is committed meanwhile shares the next.
 *
 * A checkpoint between a commit and its barrier loses nothing: before it copies a single page into the
 * database file it syncs the log itself, and the log starts over only once the database file has been synced
 * too (sqlite3WalCheckpoint with synchronous=NORMAL). The commit is then durable in the log or in the
 * database, and the barrier's own sync, which runs regardless, comes at worst too late to matter.
 *
 * After a failed sync nothing is known about what reached the disk, and the kernel may report success on the
 * next attempt although the pages were dropped. So everything waiting is refused, and so is everything later.
 */
export class DurabilityBarrier {
  readonly #sync: (done: (error: Error | null) => void) => void;
  readonly #onFailure: (error: Error) => void;
  readonly #onFree: () => void;
  #pending: Waiting | undefined;
  #syncing: Waiting | undefined;
  #durable: WalPosition;
  #failure: Error | undefined;

  constructor(options: {
    readonly sync: (done: (error: Error | null) => void) => void;
    readonly durable: WalPosition;
    readonly onFailure: (error: Error) => void;
    /** A sync has ended and none is due: what is committed now is synced at once. */
    readonly onFree: () => void;
  }) {
    this.#sync = options.sync;
    this.#durable = options.durable;
    this.#onFailure = options.onFailure;
    this.#onFree = options.onFree;
  }

  /** The place up to which everything is known to be durable. */
  get durable(): WalPosition {
    return this.#durable;
  }

  /** Whether nobody waits. */
  get idle(): boolean {
    return this.#syncing === undefined && this.#pending === undefined;
  }

  /** Waits until `position`, the end of the log as committed now, is durable. */
  wait(position: WalPosition, waiter: BarrierWaiter): void {
    if (this.#failure !== undefined) return waiter.failed(this.#failure);
    if (this.idle && samePosition(position, this.#durable)) return waiter.passed();
    if (this.#pending === undefined && this.#syncing !== undefined && samePosition(position, this.#syncing.position)) {
      this.#syncing.waiters.push(waiter);
      return;
    }
    const waiters = this.#pending?.waiters ?? [];
    waiters.push(waiter);
    this.#pending = { position, waiters };
    if (this.#syncing === undefined) this.#start();
  }

  /** Waits for everything committed so far, which is nothing to wait for while no sync is due. */
  waitForCommitted(waiter: BarrierWaiter): void {
    const last = this.#pending ?? this.#syncing;
    if (last !== undefined) last.waiters.push(waiter);
    else if (this.#failure === undefined) waiter.passed();
    else waiter.failed(this.#failure);
  }

  #start(): void {
    this.#syncing = this.#pending;
    this.#pending = undefined;
    this.#sync((error) => (error === null ? this.#pass() : this.#fail(error)));
  }

  #pass(): void {
    const done = this.#syncing;
    if (done === undefined) return;
    this.#durable = done.position;
    this.#syncing = undefined;
    if (this.#pending !== undefined) this.#start();
    else this.#onFree();
    for (const waiter of done.waiters) waiter.passed();
  }

  #fail(error: Error): void {
    const waiters = [...(this.#syncing?.waiters ?? []), ...(this.#pending?.waiters ?? [])];
    this.#failure = error;
    this.#syncing = undefined;
    this.#pending = undefined;
    this.#onFailure(error);
    for (const waiter of waiters) waiter.failed(error);
  }
}
