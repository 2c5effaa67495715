import type { Clock } from "../../kernel/clock.ts";
import type { Denial } from "../../kernel/outcome.ts";
import type { MediaRoom } from "../../kernel/ports/media-grants.ts";
import type { ResumableFiles } from "../../kernel/ports/media-intake.ts";
import type { ResumableUpload, ResumableUploads } from "../../kernel/ports/resumable-uploads.ts";
import type { Store } from "../../kernel/ports/store.ts";
import type { Problem } from "../../kernel/problem.ts";
import type { Timers } from "../../kernel/timers.ts";
import type { ContentCommand } from "./command.ts";
import type { ContentHolder } from "./fair-places.ts";
import type { UploadLimits } from "./limits.ts";

/** Milliseconds for which it is remembered that an upload has ended. */
export const ENDED_KEPT = 3_600_000;

/** What content is received with. */
export interface TransferParts {
  readonly store: Store;
  readonly uploads: ResumableUploads;
  readonly files: ResumableFiles;
  readonly limits: UploadLimits;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Names this process in the store, and none before it. */
  readonly writer: string;
  readonly report: (error: unknown) => void;
}

/** Where content comes from. */
export interface ContentSource {
  /** The next piece; `undefined` at the end, a denial when the rest does not come. */
  read(): Promise<Uint8Array | Denial | undefined>;
  /** Has the rest take as long as content may. Called once somebody may send it. */
  allowTime?(): void;
  /** Gives up what is waited for. */
  abandon(): void;
}

/** Content for an upload, on its way. */
export interface Content {
  readonly command: ContentCommand;
  readonly source: ContentSource;
  /** What is answered where a checksum does not fit. */
  readonly mismatch: Problem;
  readonly room: MediaRoom;
  readonly holder: ContentHolder;
}

/** How far an upload has come. */
export interface Received {
  readonly upload: ResumableUpload;
  readonly epoch: number;
  readonly offset: number;
  /** All of it is here; it only has to be finished. `already`: that was done before. */
  readonly complete: boolean | "already";
  /** SHA-256 of all of it, where its sender wanted to know and sent it in one request. */
  readonly sha256?: Uint8Array;
}
