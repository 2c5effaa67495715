import type { LimitPolicy } from "../../kernel/action.ts";

/** Many strangers are behind one address, at a venue say. */
const STRANGERS = 600;

/** What commands and signals are limited to unless an actor type says otherwise: together, over all actors. */
export const COMMAND_LIMITS: readonly LimitPolicy[] = [
  { name: "realtime-connection", by: ["connection"], rule: { kind: "bucket", limit: 20, window: 1000, burst: 40 } },
  {
    name: "realtime-user",
    by: ["user"],
    rule: { kind: "bucket", limit: 60, window: 1000, burst: 60 },
    anonymousLimit: STRANGERS,
  },
];

/** Subscriptions, history, states: a connection that comes back asks for all its channels at once. */
export const READ_LIMITS: readonly LimitPolicy[] = [
  { name: "realtime-reads", by: ["connection"], rule: { kind: "bucket", limit: 20, window: 1000, burst: 200 } },
  {
    name: "realtime-user-reads",
    by: ["user"],
    rule: { kind: "bucket", limit: 60, window: 1000, burst: 600 },
    anonymousLimit: STRANGERS,
  },
];

/** The limits of a command that counts more than once. */
export function weighted(limits: readonly LimitPolicy[], cost: number | undefined): readonly LimitPolicy[] {
  return cost === undefined ? limits : limits.map((policy) => ({ ...policy, cost }));
}
