import type { Denial } from "../../kernel/outcome.ts";
import type { Problem } from "../../kernel/problem.ts";
import { realtimeProblems } from "../problems.ts";
import { DISCONNECT, ERROR, type Disconnect } from "./codes.ts";

/** An error as replies carry it. */
export interface ProtocolError {
  readonly code: number;
  /** Code and public text of the problem, and the identifier of the attempt. */
  readonly message: string;
  /** Whether the same command may succeed later. */
  readonly temporary?: true;
  /** Seconds after which trying again makes sense. */
  readonly retry_after?: number;
}

const BY_PROBLEM: ReadonlyMap<Problem, number> = new Map([
  [realtimeProblems.TOKEN_EXPIRED, ERROR.tokenExpired],
  [realtimeProblems.ALREADY_SUBSCRIBED, ERROR.alreadySubscribed],
  [realtimeProblems.CHANNEL_LIMIT, ERROR.limit],
  [realtimeProblems.POSITION_UNRECOVERABLE, ERROR.unrecoverable],
]);

const BY_STATUS: ReadonlyMap<number, number> = new Map([
  [401, ERROR.unauthorised],
  [403, ERROR.denied],
  [404, ERROR.unknownMethod],
  [429, ERROR.tooMany],
]);

/** The number of a problem. */
export function errorCode(problem: Problem): number {
  if (problem.status >= 500) return ERROR.internal;
  return BY_PROBLEM.get(problem) ?? BY_STATUS.get(problem.status) ?? ERROR.badRequest;
}

/**
 * What a client is told of a denial: the problem's code and public text, the attempt's identifier and how long to wait.
 * Whatever else the denial says stays here.
 */
export function protocolError({ problem, retryAfter }: Denial, requestId: string): ProtocolError {
  const code = errorCode(problem);
  const wait = retryAfter === undefined ? "" : `, retry after ${retryAfter} s`;
  return {
    code,
    message: `${problem.code}: ${problem.message} (request ${requestId}${wait})`,
    ...(problem.retryable || code === ERROR.internal ? { temporary: true } : {}),
    ...(retryAfter === undefined ? {} : { retry_after: retryAfter }),
  };
}

const AFTER_ERROR: ReadonlyMap<number, Disconnect> = new Map<number, Disconnect>([
  [ERROR.unauthorised, DISCONNECT.badToken],
  [ERROR.tokenExpired, DISCONNECT.expired],
  [ERROR.denied, DISCONNECT.denied],
  [ERROR.tooMany, DISCONNECT.tooMany],
  [ERROR.internal, DISCONNECT.internal],
]);

/** How a connection is closed that was not let in. */
export function disconnectOf({ problem }: Denial): Disconnect {
  return AFTER_ERROR.get(errorCode(problem)) ?? DISCONNECT.badRequest;
}
