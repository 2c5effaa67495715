import type { LimitSubject } from "../kernel/action.ts";
import type { Attempt, Principal } from "../kernel/attempt.ts";
import type { Denial } from "../kernel/outcome.ts";
import type { Store } from "../kernel/ports/store.ts";
import { isUploadType, type UploadType } from "./upload-type.ts";

/** A file that somebody has uploaded, as an action receives it. */
export interface UploadedFile {
  /** What the store of files knows it by; the application keeps it to find the bytes again. */
  readonly id: string;
  /** What the sender called it, made safe: no path, no control characters, an ending that fits the type. */
  readonly name: string;
  /** Found in the content; what the sender declared counts for nothing. */
  readonly type: UploadType;
  readonly bytes: number;
  /** SHA-256 of the content, in hexadecimal digits. */
  readonly sha256: string;
}

/** The parameters that hold uploads, by the names of their fields. */
export type Uploads<Fields extends string> = { readonly [Field in Fields]: readonly UploadedFile[] };

/** Decides whether a principal may upload. */
export type AuthoriseUpload = (context: {
  readonly principal: Principal;
  readonly tenant: string;
  readonly instance: string;
  readonly attempt: Attempt;
  readonly read: Store["read"];
}) => boolean | Denial | Promise<boolean | Denial>;

/** What an upload field accepts, and from whom. */
export interface UploadOptions {
  /** Types that can be told by their content; see `UploadType`. */
  readonly accept: readonly UploadType[];
  /** Bytes of one file. */
  readonly maxBytes: number;
  /** Files of one action. Default 1. */
  readonly maxFiles?: number;
  /** Whether an action needs at least one file. Default false. */
  readonly required?: boolean;
  /** The rule that admits a principal, or `"public"`: anyone may. */
  readonly authorise: AuthoriseUpload | "public";
  /** Whether strangers may upload. Default: true for `"public"` fields. */
  readonly anonymous?: boolean;
  /** Files in a window. Default: the configured limit, 60 in 60 seconds. */
  readonly rateLimit?: number;
  /** Seconds. Default 60. */
  readonly rateLimitWindow?: number;
  /** The limit of callers who are not signed in, where it differs. */
  readonly anonymousLimit?: number;
  /** What is counted. Default: principal and field. */
  readonly limitBy?: readonly LimitSubject[];
}

/** An upload field with its defaults filled in. Made by `upload`. */
export type UploadField = UploadOptions & Required<Pick<UploadOptions, "maxFiles" | "required" | "anonymous">>;

/** Upload fields by name, as components hold them. */
export type UploadFields = Readonly<Record<string, UploadField>>;

/** Files that came with a form, and what was wrong with those that were refused. */
export interface FormFiles {
  /** By reference. */
  readonly received: ReadonlyMap<string, UploadedFile>;
  /** By field: what to tell. */
  readonly refused: ReadonlyMap<string, readonly string[]>;
}

/** Bytes in a mebibyte: `maxBytes: 5 * MiB`. */
export const MiB: number = 1_048_576;

const MOST_FILES = 50;

/**
 * Declares an upload field of a component.
 * @throws {TypeError} for types that cannot be told by their content, and for limits that are no positive whole numbers
 */
export function upload(options: UploadOptions): UploadField {
  const { accept, maxBytes, maxFiles = 1, required = false, authorise } = options;
  if (accept.length === 0) throw new TypeError("An upload field accepts at least one type.");
  const unknown = accept.find((type) => !isUploadType(type));
  if (unknown !== undefined) throw new TypeError(`The type ${String(unknown)} cannot be told by its content.`);
  if (!Number.isSafeInteger(maxBytes) || maxBytes < 1) throw new TypeError("maxBytes is a whole number, 1 or more.");
  if (!Number.isSafeInteger(maxFiles) || maxFiles < 1 || maxFiles > MOST_FILES)
    throw new TypeError(`maxFiles is a whole number, 1 to ${MOST_FILES}.`);
  return { ...options, maxFiles, required, anonymous: options.anonymous ?? authorise === "public" };
}
