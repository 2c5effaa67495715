import type { Inbound } from "../../http/inbound.ts";
import type { Denial } from "../../kernel/outcome.ts";
import type { ResumableUpload } from "../../kernel/ports/resumable-uploads.ts";
import type { Problem } from "../../kernel/problem.ts";
import type { BeginCommand, ContentCommand } from "./command.ts";
import type { JoinCommand } from "./joining.ts";

/** What a request is answered with. */
export interface UploadAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Readonly<Record<string, unknown>>;
}

/** A request with content, as far as its head tells. */
export interface ContentHead {
  readonly inbound: Inbound;
  /** What came behind the content, where the server can tell. */
  readonly trailers: (() => Readonly<Record<string, string | undefined>>) | undefined;
  /** Sends what is durable ahead of the answer, where that is possible. */
  readonly interim: ((fields: Readonly<Record<string, string>>) => void) | undefined;
}

/** How one protocol says things. Fields are read, and written, here and nowhere else. */
export interface Dialect {
  /** What is wrong with a request whatever it asks for. */
  check(inbound: Inbound): Denial | undefined;
  /** What is to begin. */
  begin(inbound: Inbound): BeginCommand | JoinCommand | Denial;
  /** The content that comes with the request by which an upload begins; `undefined` where there is none. */
  firstContent(head: ContentHead, length: number | undefined): ContentCommand | Denial | undefined;
  /** The content of a request for an upload that has begun. */
  content(head: ContentHead): ContentCommand | Denial;
  /** What is answered where a checksum does not fit. */
  readonly mismatch: Problem;
  /** An upload has begun, and perhaps come further; `sha256` is what its sender has asked for. */
  begun(upload: ResumableUpload, sha256?: Uint8Array): UploadAnswer;
  /** Content has arrived. */
  advanced(upload: ResumableUpload): UploadAnswer;
  /** Where an upload stands. */
  state(upload: ResumableUpload): UploadAnswer;
  terminated(): UploadAnswer;
  /** Adds to a denial what the protocol has in every answer. */
  refused(denial: Denial): Denial;
}

/** What dialects are made with. */
export interface DialectParts {
  readonly largestFile: number;
  readonly largestRequest: number;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** Bytes of a request's content by its sender's word; `undefined` where it does not say. */
export function contentLengthOf({ request }: Inbound): number | undefined {
  const { headers } = request;
  if (headers.has("transfer-encoding")) return undefined;
  // Its form has been checked by the edge.
  return Number(headers.get("content-length") ?? 0);
}

/** Whether all of an upload is here. */
export function isComplete({ state }: Pick<ResumableUpload, "state">): boolean {
  return state === "received";
}
