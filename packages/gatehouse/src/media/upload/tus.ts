import type { HeaderFields } from "../../http/security-headers.ts";
import type { Inbound } from "../../http/inbound.ts";
import { readableName, shortenName } from "../../http/readable-name.ts";
import { isDenial, type Denial } from "../../kernel/outcome.ts";
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
import { decimal, isUploadId, type Checksum } from "./fields.ts";
import type { JoinCommand } from "./joining.ts";
import { parseMetadata, type Metadata } from "./metadata.ts";
import { uploadProblems } from "./problems.ts";
import { inconsistent, refuse } from "./refusals.ts";

/** The version of the protocol, and the field that names it. */
const VERSION = "1.0.0";
const EXTENSIONS =
  "creation,creation-with-upload,creation-defer-length,expiration,termination,checksum,checksum-trailer,concatenation";
const CONTENT_TYPE = "application/offset+octet-stream";
/** Parts of one upload. */
const MOST_PARTS = 64;
const DIGEST_BYTES = { sha1: 20, sha256: 32 } as const;

/** Fields that tell what is spoken, for `OPTIONS`. */
export function tusOptions({ largestFile }: Pick<DialectParts, "largestFile">): Readonly<Record<string, string>> {
  return {
    "tus-resumable": VERSION,
    "tus-version": VERSION,
    "tus-extension": EXTENSIONS,
    "tus-max-size": String(largestFile),
    "tus-checksum-algorithm": Object.keys(DIGEST_BYTES).join(),
  };
}

/** Whether a request speaks tus. */
export function speaksTus({ request }: Inbound): boolean {
  return request.headers.has("tus-resumable");
}

/** tus 1.0.0, https://tus.io/protocols/resumable-upload. */
export class TusDialect implements Dialect {
  readonly mismatch = uploadProblems.UPLOAD_CHECKSUM_MISMATCH;
  check({ request }: Inbound): Denial | undefined {
    if (request.headers.get("tus-resumable") === VERSION) return undefined;
    return refuse(uploadProblems.UPLOAD_VERSION_UNSUPPORTED, undefined, { headers: { "tus-version": VERSION } });
  }

  begin(inbound: Inbound): BeginCommand | JoinCommand | Denial {
    const { headers } = inbound.request;
    const text = headers.get("upload-metadata") ?? "";
    const metadata = parseMetadata(text);
    if (metadata === undefined) return malformed("The Upload-Metadata is not valid.");
    const described = describe(inbound, text, metadata);
    if (isDenial(described)) return described;
    const concat = headers.get("upload-concat");
    if (concat?.startsWith("final;") === true) return join(concat, headers, described);
    if (concat !== null && concat !== "partial") return malformed("The Upload-Concat is not valid.");
    const length = decimal(headers.get("upload-length"));
    const deferred = headers.get("upload-defer-length");
    if (deferred !== null && deferred !== "1") return malformed("The Upload-Defer-Length is 1 where it is sent.");
    if ((length === undefined) === (deferred === null))
      return malformed("One of Upload-Length and Upload-Defer-Length is sent, and it is a whole number.");
    return { ...described, kind: concat === "partial" ? "part" : "whole", length };
  }

  firstContent(head: ContentHead, length: number | undefined): ContentCommand | Denial | undefined {
    const { inbound } = head;
    const contentLength = contentLengthOf(inbound);
    if (contentLength === 0) return length === 0 ? this.#content(head, 0) : undefined;
    if (inbound.contentType?.essence !== CONTENT_TYPE) return undefined;
    return this.#content(head, 0);
  }

  content(head: ContentHead): ContentCommand | Denial {
    const { headers } = head.inbound.request;
    if (head.inbound.contentType?.essence !== CONTENT_TYPE)
      return refuse(problems.UNSUPPORTED_MEDIA_TYPE, `The content is ${CONTENT_TYPE}.`);
    const offset = decimal(headers.get("upload-offset"));
    return offset === undefined ? malformed("The Upload-Offset is missing or not valid.") : this.#content(head, offset);
  }

  begun(upload: ResumableUpload): UploadAnswer {
    const progress: HeaderFields =
      upload.offset > 0 || isComplete(upload) ? { "upload-offset": String(upload.offset) } : {};
    const headers = { ...this.#always(upload), location: `${UPLOADS_PATH}/${upload.id}`, ...progress };
    return { status: 201, headers };
  }

  advanced(upload: ResumableUpload): UploadAnswer {
    return { status: 204, headers: { ...this.#always(upload), "upload-offset": String(upload.offset) } };
  }

  state(upload: ResumableUpload): UploadAnswer {
    const { length, metadata, kind, parts } = upload;
    const finals = `final;${parts.map((id) => `${UPLOADS_PATH}/${id}`).join(" ")}`;
    const headers = {
      ...this.#always(upload),
      "cache-control": "no-store",
      // What is put together has no offset until that is done.
      ...(kind === "joined" && !isComplete(upload) ? {} : { "upload-offset": String(upload.offset) }),
      ...(length === undefined ? { "upload-defer-length": "1" } : { "upload-length": String(length) }),
      ...(metadata === "" ? {} : { "upload-metadata": metadata }),
      ...(kind === "whole" ? {} : { "upload-concat": kind === "part" ? "partial" : finals }),
    };
    return { status: 204, headers };
  }

  terminated(): UploadAnswer {
    return { status: 204, headers: { "tus-resumable": VERSION } };
  }

  refused(denial: Denial): Denial {
    return { ...denial, headers: { ...denial.headers, "tus-resumable": VERSION } };
  }

  #always(upload: ResumableUpload): Readonly<Record<string, string>> {
    const expires: HeaderFields = isComplete(upload)
      ? {}
      : { "upload-expires": new Date(upload.expiresAt).toUTCString() };
    return { "tus-resumable": VERSION, ...expires };
  }

  #content({ inbound, trailers }: ContentHead, offset: number): ContentCommand | Denial {
    const { headers } = inbound.request;
    const isFirst = inbound.url.pathname === UPLOADS_PATH;
    const announced = headers.get("upload-length");
    const length = decimal(announced);
    if (announced !== null && length === undefined) return inconsistent("The Upload-Length is not valid.");
    const sent = headers.get("upload-checksum");
    const checksum = sent === null ? undefined : parseChecksum(sent);
    if (isDenial(checksum)) return checksum;
    const late = isLate(headers);
    if (late && trailers === undefined) return malformed("A checksum behind the content cannot be received here.");
    if (late && checksum !== undefined) return malformed("There are two checksums.");
    return {
      offset,
      length: isFirst ? undefined : length,
      contentLength: contentLengthOf(inbound),
      checksum,
      lateChecksum: late ? () => trailerChecksum(trailers?.()) : undefined,
      wantsDigest: false,
      completes: "by length",
      progress: undefined,
    };
  }
}

function describe(inbound: Inbound, text: string, metadata: Metadata): Omit<BeginCommand, "kind" | "length"> | Denial {
  const collection = inbound.url.searchParams.get("collection") ?? metadata.get("collection") ?? "";
  const name = shortenName(readableName(metadata.get("filename") ?? metadata.get("name") ?? "")) || "file";
  const sha256 = metadata.get("sha256")?.toLowerCase();
  if (sha256 !== undefined && !/^[0-9a-f]{64}$/.test(sha256))
    return malformed("The sha256 of the metadata is 64 hexadecimal digits.");
  const declaredType = metadata.get("filetype") ?? metadata.get("type");
  return { collection, name, declaredType: mediaType(declaredType), announcedSha256: sha256, metadata: text };
}

/** A media type by its sender's word, without what belongs to none. */
export function mediaType(text: string | undefined): string | undefined {
  return text !== undefined && /^[\w.+-]{1,63}\/[\w.+-]{1,63}$/.test(text) ? text.toLowerCase() : undefined;
}

function join(
  concat: string,
  headers: Headers,
  described: Omit<BeginCommand, "kind" | "length">,
): JoinCommand | Denial {
  if (headers.has("upload-length")) return malformed("What is put together has the length of its parts.");
  const addresses = concat.slice("final;".length).split(" ");
  const parts = addresses.map((address) => /(?:^|\/)([^/]+)$/.exec(address)?.[1] ?? "");
  const own = addresses.every((address) => pathOf(address)?.startsWith(`${UPLOADS_PATH}/`) === true);
  if (!own || !parts.every(isUploadId) || parts.length > MOST_PARTS || new Set(parts).size !== parts.length)
    return malformed("The Upload-Concat is not valid.");
  return { ...described, parts };
}

function pathOf(address: string): string | undefined {
  return URL.parse(address, "http://localhost")?.pathname;
}

function isLate(headers: Headers): boolean {
  const names = headers.get("trailer")?.toLowerCase().split(",") ?? [];
  return names.some((name) => name.trim() === "upload-checksum");
}

function trailerChecksum(trailers: Readonly<Record<string, string | undefined>> | undefined): Checksum | "missing" {
  const text = trailers?.["upload-checksum"];
  const checksum = text === undefined ? undefined : parseChecksum(text);
  return checksum === undefined || isDenial(checksum) ? "missing" : checksum;
}

function parseChecksum(text: string): Checksum | Denial {
  const [, algorithm, encoded] = /^(sha1|sha256) ([A-Za-z0-9+/]+={0,2})$/.exec(text) ?? [];
  if ((algorithm !== "sha1" && algorithm !== "sha256") || encoded === undefined)
    return malformed(`The Upload-Checksum is not valid, or of another kind than ${Object.keys(DIGEST_BYTES).join()}.`);
  const digest = Buffer.from(encoded, "base64");
  const isWhole = digest.byteLength === DIGEST_BYTES[algorithm] && digest.toString("base64") === encoded;
  return isWhole ? { algorithm, digest } : malformed("The Upload-Checksum is not valid.");
}

function malformed(detail: string): Denial {
  return refuse(problems.MALFORMED_REQUEST, detail);
}
