import type { HeaderFields } from "../../http/security-headers.ts";
import type { Inbound } from "../../http/inbound.ts";
import { readableName, shortenName } from "../../http/readable-name.ts";
import type { Denial } from "../../kernel/outcome.ts";
import type { ResumableUpload } from "../../kernel/ports/resumable-uploads.ts";
import { problems } from "../../kernel/problems.ts";
import { UPLOADS_PATH, type BeginCommand, type ContentCommand } from "./command.ts";
import {
  contentLengthOf,
  isComplete,
  type ContentHead,
  type Dialect,
  type DialectParts,
  type UploadAnswer,
} from "./dialect.ts";
import { dispositionName } from "./disposition.ts";
import { booleanField, digestField, integerField, wantsSha256 } from "./fields.ts";
import { uploadProblems } from "./problems.ts";
import { inconsistent, refuse } from "./refusals.ts";
import { mediaType } from "./tus.ts";

/** The version of the draft that interim answers are of: -12. Clients of others would take them for something else. */
const INTEROP_VERSION = "8";
const CONTENT_TYPE = "application/partial-upload";

/** Fields that tell what is spoken, for `OPTIONS`. */
export function draftOptions(parts: DialectParts, lifetime: number): Readonly<Record<string, string>> {
  return { "accept-patch": CONTENT_TYPE, "upload-limit": limitField(parts, Math.floor(lifetime / 1000)) };
}

/** Whether interim answers of this draft mean something to a sender. */
export function understandsInterim({ request }: Inbound): boolean {
  return request.headers.get("upload-draft-interop-version") === INTEROP_VERSION;
}

/** Resumable uploads for HTTP, draft-ietf-httpbis-resumable-upload-12. */
export class DraftDialect implements Dialect {
  readonly mismatch = uploadProblems.UPLOAD_DIGEST_MISMATCH;
  readonly #parts: DialectParts;

  constructor(parts: DialectParts) {
    this.#parts = parts;
  }

  check(): Denial | undefined {
    return undefined;
  }

  begin(inbound: Inbound): BeginCommand | Denial {
    const { headers } = inbound.request;
    const complete = booleanField(headers, "upload-complete");
    if (complete === undefined) return malformed("The Upload-Complete is missing or not valid.");
    const sent = contentLengthOf(inbound);
    const implied = complete ? sent : undefined;
    const length = integerField(headers, "upload-length");
    if (length !== undefined && implied !== undefined && length !== implied)
      return inconsistent("The Upload-Length and the Content-Length differ.");
    const digest = digestField(headers, "repr-digest");
    return {
      collection: inbound.url.searchParams.get("collection") ?? "",
      kind: "whole",
      length: length ?? implied,
      name: shortenName(readableName(dispositionName(headers.get("content-disposition")) ?? "")) || "file",
      declaredType: mediaType(inbound.contentType?.essence),
      announcedSha256: digest === undefined ? undefined : Buffer.from(digest.digest).toString("hex"),
      metadata: "",
    };
  }

  firstContent(head: ContentHead): ContentCommand | Denial | undefined {
    const complete = booleanField(head.inbound.request.headers, "upload-complete") === true;
    if (!complete && contentLengthOf(head.inbound) === 0) return undefined;
    return { ...this.#content(head, 0, complete), wantsDigest: wantsSha256(head.inbound.request.headers) };
  }

  content(head: ContentHead): ContentCommand | Denial {
    const { contentType, request } = head.inbound;
    if (contentType?.essence !== CONTENT_TYPE)
      return refuse(problems.UNSUPPORTED_MEDIA_TYPE, `The content is ${CONTENT_TYPE}.`, {
        headers: { "accept-patch": CONTENT_TYPE },
      });
    const offset = integerField(request.headers, "upload-offset");
    const complete = booleanField(request.headers, "upload-complete");
    if (offset === undefined || complete === undefined)
      return malformed("The Upload-Offset or the Upload-Complete is missing or not valid.");
    return this.#content(head, offset, complete);
  }

  begun(upload: ResumableUpload, sha256?: Uint8Array): UploadAnswer {
    const location = `${UPLOADS_PATH}/${upload.id}`;
    const status = isComplete(upload) ? 200 : 201;
    const digest: HeaderFields =
      sha256 === undefined ? {} : { "repr-digest": `sha-256=:${Buffer.from(sha256).toString("base64")}:` };
    return this.#withBody(upload, { status, headers: { ...this.#always(upload), ...digest, location } });
  }

  advanced(upload: ResumableUpload): UploadAnswer {
    const headers = this.#always(upload);
    return this.#withBody(upload, { status: isComplete(upload) ? 200 : 204, headers });
  }

  state(upload: ResumableUpload): UploadAnswer {
    const { length } = upload;
    const known: HeaderFields = length === undefined ? {} : { "upload-length": String(length) };
    return { status: 204, headers: { ...this.#always(upload), ...known, "cache-control": "no-store" } };
  }

  terminated(): UploadAnswer {
    return { status: 204, headers: {} };
  }

  refused(denial: Denial): Denial {
    const complete = denial.problem === uploadProblems.UPLOAD_COMPLETED;
    // Whether a refusal is about the upload or about what was to become of it; ours are of the first kind.
    return { ...denial, headers: { "upload-complete": complete ? "?1" : "?0", ...denial.headers } };
  }

  /** What an interim answer says when an upload has begun. */
  announced({ id, expiresAt }: ResumableUpload): Readonly<Record<string, string>> {
    return {
      location: `${UPLOADS_PATH}/${id}`,
      "upload-limit": limitField(this.#parts, this.#secondsUntil(expiresAt)),
      "upload-draft-interop-version": INTEROP_VERSION,
    };
  }

  #withBody(upload: ResumableUpload, answer: UploadAnswer): UploadAnswer {
    return isComplete(upload) ? { ...answer, body: { id: upload.id, bytes: upload.offset } } : answer;
  }

  #always(upload: ResumableUpload): Readonly<Record<string, string>> {
    const limits: HeaderFields = isComplete(upload)
      ? {}
      : { "upload-limit": limitField(this.#parts, this.#secondsUntil(upload.expiresAt)) };
    return {
      "upload-complete": isComplete(upload) ? "?1" : "?0",
      "upload-offset": String(upload.offset),
      "upload-draft-interop-version": INTEROP_VERSION,
      ...limits,
    };
  }

  #secondsUntil(expiresAt: number): number {
    return Math.max(0, Math.floor((expiresAt - this.#parts.now()) / 1000));
  }

  #content({ inbound, interim }: ContentHead, offset: number, completes: boolean): ContentCommand {
    const { headers } = inbound.request;
    const told = (durable: number): void =>
      interim?.({ "upload-offset": String(durable), "upload-draft-interop-version": INTEROP_VERSION });
    return {
      ...{ offset, completes },
      length: integerField(headers, "upload-length"),
      contentLength: contentLengthOf(inbound),
      checksum: digestField(headers, "content-digest"),
      lateChecksum: undefined,
      wantsDigest: false,
      progress: interim === undefined ? undefined : told,
    };
  }
}

function limitField({ largestFile, largestRequest }: DialectParts, maxAge: number): string {
  const append = largestRequest > 0 ? `, max-append-size=${largestRequest}` : "";
  return `max-size=${largestFile}${append}, max-age=${maxAge}`;
}

function malformed(detail: string): Denial {
  return refuse(problems.MALFORMED_REQUEST, detail);
}
