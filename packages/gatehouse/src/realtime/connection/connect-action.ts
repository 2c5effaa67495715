import type { StandardSchemaV1 } from "@standard-schema/spec";
import { defineAction, type AnyAction, type Authorise } from "../../kernel/action.ts";
import type { Attempt, Principal } from "../../kernel/attempt.ts";

/** Name of the action that lets a connection in. */
export const CONNECT = "realtime.connect";
/** Name of the action that looks again at what a connection came with. */
export const RENEW = "realtime.renew";

/** What a client says about itself when it connects. */
export interface ConnectInput {
  readonly data?: unknown;
  readonly name?: string;
  readonly version?: string;
}

/** Whom a connection belongs to. */
export interface Admission {
  readonly principal: Principal;
  /** Epoch milliseconds at which its token expires; absent where nothing does by itself. */
  readonly expiresAt?: number;
}

/** What letting in goes by. */
export interface ConnectActionOptions {
  /** The rule that admits a principal, with what it demands of tokens; `"public"`: whoever is somebody. */
  readonly authorise: Authorise<ConnectInput> | "public";
  /** Whether strangers may connect; actor types still decide what they may do. Default false. */
  readonly anonymous?: boolean;
  /** When a token expires that has been found to be good, in epoch milliseconds; `undefined` where it does not. */
  readonly expiryOf: (token: string, attempt: Attempt) => Promise<number | undefined>;
}

const PASSED_ON: StandardSchemaV1<ConnectInput, ConnectInput> = {
  "~standard": {
    version: 1,
    vendor: "gatehouse",
    // The decoder has read it; nothing else reaches the entrance under this name.
    validate: (value) => ({ value: value as ConnectInput }),
  },
};

/** Connections are counted where lines are opened; here the bounds are only to be out of the way of what else one address does. */
const PER_ADDRESS = { limit: 60_000, window: 60_000, atOnce: 5_000 };

/**
 * The actions by which connections are let in and looked at again. Looking again takes nothing from anybody's limits: the
 * server does it by itself.
 */
export function connectActions({ authorise, anonymous = false, expiryOf }: ConnectActionOptions): readonly AnyAction[] {
  const shared = { entrances: ["realtime"], input: PASSED_ON, effects: "none", authorise, anonymous } as const;
  const run = async ({ principal, attempt }: { principal: Principal; attempt: Attempt }): Promise<Admission> => {
    const bearer = attempt.credentials.find(({ kind }) => kind === "bearer");
    const expiresAt = bearer?.kind === "bearer" ? await expiryOf(bearer.token, attempt) : undefined;
    return expiresAt === undefined ? { principal } : { principal, expiresAt };
  };
  return [
    defineAction({ ...shared, name: CONNECT, limits: [], perAddress: PER_ADDRESS, run }),
    defineAction({ ...shared, name: RENEW, limits: [], perAddress: PER_ADDRESS, run }),
  ];
}
