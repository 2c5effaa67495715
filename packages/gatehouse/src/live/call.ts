import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { ComponentId } from "./component-id.ts";
import type { FormFiles, UploadFields } from "./upload.ts";
import { separateUploads } from "./upload-parameters.ts";

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
  /** Names of the parts of the content that the caller wants to be told alone. */
  readonly fragments?: readonly string[];
  /** Files that came with a form, where it was one with files. */
  readonly files?: FormFiles;
  /** What the call gives the action of uploads, by field; known once its parameters have been checked. */
  readonly references?: Readonly<Record<string, readonly string[]>>;
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
  /**
   * What an idempotency key stands for of uploads: a file that a form has brought again is known by its content, since
   * its reference is another one.
   */
  readonly uploads?: Readonly<Record<string, readonly string[]>>;
}

/**
 * Where the basis of a call is kept: beside its members, so that it takes no part in what an idempotency
 * key stands for. A retry may have seen a newer version; it means the same.
 */
const BASIS = Symbol("basis");

/** Builds the input of an action. */
export function createCall(call: LiveCall, basis: Basis): LiveCall {
  const { instance, params, uploads } = call;
  const members = uploads === undefined ? { instance, params } : { instance, params, uploads };
  return Object.defineProperty(members, BASIS, { value: basis });
}

/** What the call's page knew. */
export function basisOf(call: LiveCall): Basis {
  const descriptor = Object.getOwnPropertyDescriptor(call, BASIS);
  // Only `createCall` can name the symbol, and it stores a basis.
  return descriptor === undefined ? NO_BASIS : (descriptor.value as Basis);
}

/** The schema of a call around the schema of its parameters, and the upload fields its action has. */
export function callSchema(parameters: StandardSchemaV1, fields: UploadFields): StandardSchemaV1<unknown, LiveCall> {
  return {
    "~standard": {
      version: 1,
      vendor: parameters["~standard"].vendor,
      validate(value) {
        // The routes and the test kit build calls with `createCall`; nothing else reaches the live entrance.
        const call = value as LiveCall;
        const { rest, references, known, issues } = separateUploads(call.params, fields, basisOf(call).files);
        const settle = (result: StandardSchemaV1.Result<unknown>): StandardSchemaV1.Result<LiveCall> => {
          const found = [...(result.issues ?? []), ...issues];
          if (found.length > 0)
            return { issues: found.map((issue) => ({ ...issue, path: ["params", ...(issue.path ?? [])] })) };
          // Without issues there is a value.
          const { value: params } = result as StandardSchemaV1.SuccessResult<unknown>;
          const made = { instance: call.instance, params };
          return references === undefined
            ? { value: createCall(made, basisOf(call)) }
            : { value: createCall({ ...made, uploads: known }, { ...basisOf(call), references }) };
        };
        const result = parameters["~standard"].validate(rest);
        return result instanceof Promise ? result.then(settle) : settle(result);
      },
    },
  };
}
