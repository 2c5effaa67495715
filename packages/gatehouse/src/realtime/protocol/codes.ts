/** Numbers of errors in replies, as clients of the protocol know them. */
export const ERROR = {
  internal: 100,
  unauthorised: 101,
  denied: 103,
  unknownMethod: 104,
  alreadySubscribed: 105,
  limit: 106,
  badRequest: 107,
  tokenExpired: 109,
  tooMany: 111,
  unrecoverable: 112,
} as const;

/** Why a connection is closed. From 3500 to 3999 and from 4500 clients do not come back by themselves. */
export const DISCONNECT = {
  shutdown: { code: 3001, reason: "shutdown" },
  internal: { code: 3004, reason: "internal server error" },
  expired: { code: 3005, reason: "connection expired" },
  slow: { code: 3008, reason: "slow" },
  positionLost: { code: 3010, reason: "position lost" },
  noPong: { code: 3012, reason: "no pong" },
  tooMany: { code: 3013, reason: "too many requests" },
  badToken: { code: 3500, reason: "credential not valid" },
  badRequest: { code: 3501, reason: "bad request" },
  stale: { code: 3502, reason: "stale" },
  forced: { code: 3503, reason: "forced" },
  connectionLimit: { code: 3504, reason: "connection limit" },
  channelLimit: { code: 3505, reason: "channel limit" },
  denied: { code: 3507, reason: "permission denied" },
  tooManyErrors: { code: 3509, reason: "too many errors" },
} as const satisfies Readonly<Record<string, Disconnect>>;

/** Why a connection is closed: a number, and at most 123 bytes for people. */
export interface Disconnect {
  readonly code: number;
  readonly reason: string;
}

/** Why a channel is not heard any more. From 2500 clients subscribe again by themselves. */
export const UNSUBSCRIBE = {
  server: { code: 2000, reason: "server unsubscribe" },
  denied: { code: 2001, reason: "permission denied" },
  insufficientState: { code: 2500, reason: "insufficient state" },
  expired: { code: 2501, reason: "subscription expired" },
} as const satisfies Readonly<Record<string, Disconnect>>;
