import type { Checksum } from "./fields.ts";

/** The path below which uploads are. */
export const UPLOADS_PATH = "/uploads";

/** What a request to begin an upload asks for, whatever protocol it speaks. */
export interface BeginCommand {
  readonly collection: string;
  readonly kind: "whole" | "part";
  /** `undefined`: its sender does not know yet. */
  readonly length: number | undefined;
  readonly name: string;
  readonly declaredType: string | undefined;
  readonly announcedSha256: string | undefined;
  readonly metadata: string;
}

/** What comes with content. */
export interface ContentCommand {
  /** Where its sender says that the content begins. */
  readonly offset: number;
  /** The length of the whole upload, where this request tells it. */
  readonly length: number | undefined;
  /** Bytes of the content by the sender's word. */
  readonly contentLength: number | undefined;
  readonly checksum: Checksum | undefined;
  /** The checksum that came behind the content, asked for once all of it is there. */
  readonly lateChecksum: (() => Checksum | "missing") | undefined;
  /** Whether its sender wants to know the SHA-256 of the whole, where this is all of it. */
  readonly wantsDigest: boolean;
  /** Whether the upload is complete once all of the content is there; `by length`: once it is as long as was said. */
  readonly completes: boolean | "by length";
  /** Told of what is durable on the way. */
  readonly progress: ((offset: number) => void) | undefined;
}
