/** Whose state it is. Every part is bound into the seal: state cannot be moved to another owner. */
export interface StateKey {
  readonly tenant: string;
  readonly component: string;
  readonly instance: string;
  readonly owner: string;
}
