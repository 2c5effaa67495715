import { createHash } from "node:crypto";
import * as tus from "tus-js-client";
import { uploadResumably } from "../../support/resumable-client.ts";
import type { Dice } from "../drill.ts";

/** One file on its way. */
export interface SentFile {
  readonly kind: string;
  readonly guest: string;
  readonly bytes: number;
  readonly sha256: string;
  /** Its address, once its sender has been told. */
  path: string | undefined;
  /** The furthest offset that its sender has been told. */
  acknowledged: number;
  /** Whether its sender has been told that all of it is there. */
  finished: boolean;
  readonly done: Promise<void>;
}

/** What files are sent with. */
export interface SenderParts {
  readonly dice: Dice;
  readonly url: () => string;
}

const KINDS = ["tus whole", "tus pieces", "tus first", "draft whole", "draft pieces"] as const;
const LEAST = 1_000_000;
const MOST = 12_000_000;
const PIECE = 200_000;

/** Sends one file by one of the clients, which goes on until all of it is there. */
export function sendFile({ dice, url }: SenderParts, guest: string): SentFile {
  const content = Buffer.alloc(dice.integer(LEAST, MOST));
  for (let at = 0; at + 4 <= content.length; at += 4) content.writeUInt32LE(dice.integer(0, 2 ** 32 - 1), at);
  const kind = dice.pick(KINDS);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const file: SentFile = {
    ...{ kind, guest, bytes: content.length, done: promise, path: undefined, acknowledged: 0, finished: false },
    sha256: createHash("sha256").update(content).digest("hex"),
  };
  const located = (path: string): void => {
    file.path = new URL(path, "http://server").pathname;
  };
  const acknowledged = (offset: number): void => {
    file.acknowledged = Math.max(file.acknowledged, offset);
  };
  const finished = (): void => {
    acknowledged(content.length);
    file.finished = true;
    resolve();
  };
  if (kind.startsWith("draft")) {
    const piece = kind === "draft whole" ? content.length : PIECE;
    uploadResumably({ ...{ url, guest, content, piece, located, acknowledged }, collection: "fair" }).then(
      finished,
      reject,
    );
    return file;
  }
  const upload = new tus.Upload(content, {
    endpoint: `${url()}/uploads?collection=fair`,
    headers: { authorization: `Bearer ${guest}` },
    chunkSize: kind === "tus pieces" ? PIECE : Infinity,
    uploadDataDuringCreation: kind === "tus first",
    retryDelays: Array.from({ length: 2_000 }, () => 150),
    onUploadUrlAvailable: () => located(upload.url ?? ""),
    onChunkComplete: (_, offset) => acknowledged(offset),
    onError: reject,
    onSuccess: finished,
  });
  upload.start();
  return file;
}
