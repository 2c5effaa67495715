/** How recoveries ended. */
export type RecoveryVerdict = "recovered" | "unrecoverable" | "too_large";

/** What has been counted since the process began. */
export interface ConnectionCounts {
  readonly opened: number;
  /** By code of the disconnect; 0: the client went. */
  readonly closed: ReadonlyMap<number, number>;
  /** Refused commands by code of the problem. */
  readonly refused: ReadonlyMap<string, number>;
  readonly recoveries: ReadonlyMap<RecoveryVerdict, number>;
  readonly replayedBytes: number;
  /** Volatile news that slow readers did not get. */
  readonly dropped: number;
}

/** Counts what connections do. */
export class Statistics implements ConnectionCounts {
  opened = 0;
  replayedBytes = 0;
  dropped = 0;
  readonly closed = new Map<number, number>();
  readonly refused = new Map<string, number>();
  readonly recoveries = new Map<RecoveryVerdict, number>();
}

/** One more of a name. */
export function count<Name>(counts: Map<Name, number>, name: Name): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}
