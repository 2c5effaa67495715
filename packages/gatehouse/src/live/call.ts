import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { ComponentId } from "./component-id.ts";

/** What the page an attempt comes from knows about the state. */
export interface Basis {
  /** The version its content shows; absent when the caller saw none. */
  readonly version: number | undefined;
  /** The sealed state it was rendered from, until there is a stored one. */
  readonly seed: string | undefined;
  /** Tag of the content the caller has. */
  readonly tag: string | undefined;
  /** Ids of the components inside it that the caller has. */
  readonly children: ReadonlySet<string>;
  /** Other components of the page, which may listen to what this one emits. */
  readonly others: readonly OtherComponent[];
}

/** Another component of the caller's page. */
export interface OtherComponent {
  readonly id: ComponentId;
  readonly basis: Basis;
}

/** A caller that knows nothing. */
export const NO_BASIS: Basis = Object.freeze({
  version: undefined,
  seed: undefined,
  tag: undefined,
  children: new Set<string>(),
  others: [],
});

/** The input of a component's action at the gate. */
export interface LiveCall {
  readonly instance: string;
  readonly params: unknown;
}

/**
 * Where the basis of a call is kept: beside its members, so that it takes no part in what an idempotency
 * key stands for. A retry may have seen a newer version; it means the same.
 */
const BASIS = Symbol("basis");

/** Builds the input of an action. */
export function createCall(call: LiveCall, basis: Basis): LiveCall {
  return Object.defineProperty({ instance: call.instance, params: call.params }, BASIS, { value: basis });
}

/** What the call's page knew. */
export function basisOf(call: LiveCall): Basis {
  const descriptor = Object.getOwnPropertyDescriptor(call, BASIS);
  // Only `createCall` can name the symbol, and it stores a basis.
  return descriptor === undefined ? NO_BASIS : (descriptor.value as Basis);
}

/** The schema of a call around the schema of its parameters. */
export function callSchema(parameters: StandardSchemaV1): StandardSchemaV1<unknown, LiveCall> {
  const settle = (call: LiveCall, result: StandardSchemaV1.Result<unknown>): StandardSchemaV1.Result<LiveCall> =>
    result.issues === undefined
      ? { value: createCall({ instance: call.instance, params: result.value }, basisOf(call)) }
      : { issues: result.issues.map((issue) => ({ ...issue, path: ["params", ...(issue.path ?? [])] })) };
  return {
    "~standard": {
      version: 1,
      vendor: parameters["~standard"].vendor,
      validate(value) {
        // The routes and the test kit build calls with `createCall`; nothing else reaches the live entrance.
        const call = value as LiveCall;
        const result = parameters["~standard"].validate(call.params);
        return result instanceof Promise ? result.then((later) => settle(call, later)) : settle(call, result);
      },
    },
  };
}
