import type { ReadTransaction, WriteTransaction } from "./store.ts";

/** Which actor. The parts of a key are never joined into a text that other parts could also make. */
export interface ActorAddress {
  readonly tenant: string;
  readonly type: string;
  readonly key: readonly string[];
}

/** Who runs an actor. `epoch` grows with every claim, so that a former owner's writes change nothing. */
export interface ActorOwnership {
  /** Identifier of a node. */
  readonly owner: string;
  readonly epoch: number;
}

/** An actor as the store has it. */
export interface ActorRecord extends ActorOwnership {
  /** Grows by one with each change of state or streams; 0: it has never been written. */
  readonly version: number;
  /** JSON; empty where `version` is 0. */
  readonly state: string;
  /** The newest offset of each of its streams by channel, as JSON. */
  readonly offsets: string;
  /** Names this run of its streams; a position of another one cannot be recovered from. */
  readonly streamEpoch: string;
}

/** What a turn leaves behind. */
export interface ActorChange {
  readonly state: string;
  readonly offsets: string;
}

/** A timer of an actor: one a name. */
export interface ActorTimer {
  readonly name: string;
  /** Epoch milliseconds. */
  readonly dueAt: number;
  readonly payload: string;
}

/** Actors and who owns them. */
export interface ActorRecords {
  find(transaction: ReadTransaction, address: ActorAddress): Promise<ActorRecord | undefined>;
  /** The record, made where there is none and owned by nobody: whoever hears an actor has a position before its first turn. */
  open(transaction: WriteTransaction, address: ActorAddress): Promise<ActorRecord>;
  /**
   * Makes a node the owner where there is none, or its lease has run out on the database's clock; a new epoch each time.
   * Else the record of whoever owns it.
   */
  claim(transaction: WriteTransaction, address: ActorAddress, node: string): Promise<ActorRecord>;
  /** Writes the next version; `false` where the ownership has been lost or the version is another: nothing was changed. */
  save(
    transaction: WriteTransaction,
    address: ActorAddress,
    expected: ActorOwnership & Pick<ActorRecord, "version">,
    change: ActorChange,
  ): Promise<boolean>;
  /** Gives up ownership of one actor, or of all of a node; others may claim them at once. */
  release(transaction: WriteTransaction, node: string, address?: ActorAddress): Promise<void>;
  /** Deletes an actor with its publications and timers; `false` where the ownership has been lost. */
  close(transaction: WriteTransaction, address: ActorAddress, ownership: ActorOwnership): Promise<boolean>;
  setTimer(transaction: WriteTransaction, address: ActorAddress, timer: ActorTimer): Promise<void>;
  /** `dueAt`: only if it is still set to that time. `false` where there is none. */
  clearTimer(transaction: WriteTransaction, address: ActorAddress, name: string, dueAt?: number): Promise<boolean>;
  /** Timers that are due, of actors that this node owns or nobody does, oldest first. */
  dueTimers(
    transaction: ReadTransaction,
    node: string,
    now: number,
    limit: number,
  ): Promise<readonly (ActorTimer & { readonly address: ActorAddress })[]>;
}
