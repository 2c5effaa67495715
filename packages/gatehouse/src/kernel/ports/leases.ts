/** A fenced hold on a name. `epoch` grows with every new holder, so that a late writer can be told apart. */
export interface Lease {
  readonly name: string;
  readonly holder: string;
  readonly epoch: number;
  /** Epoch milliseconds on the database's clock. */
  readonly expiresAt: number;
}

/** Exclusive, expiring holds judged by the database's clock. */
export interface Leases {
  /** Takes the name for `duration` milliseconds, or `undefined` while someone else holds it. */
  acquire(name: string, holder: string, duration: number): Promise<Lease | undefined>;
  /** Extends a hold that is still ours; `undefined` when it was lost. */
  renew(lease: Lease, duration: number): Promise<Lease | undefined>;
  /** Ends a hold; does nothing when it was lost. */
  release(lease: Lease): Promise<void>;
}
