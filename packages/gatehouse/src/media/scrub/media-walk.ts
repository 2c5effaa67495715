import { ByteFeed, type Steps } from "./byte-feed.ts";
import { identifyMedia, MEDIA_HEAD_BYTES, type MediaType } from "./media-type.ts";
import { MisfitError, unusual } from "./misfit.ts";
import { ScrubRecord } from "./scrub-record.ts";
import { walkGif } from "./walk-gif.ts";
import { walkJpeg } from "./walk-jpeg.ts";
import { walkPng } from "./walk-png.ts";
import type { MediaFacts, WalkResult } from "./walk-result.ts";
import { walkWebp } from "./walk-webp.ts";
import { walkIso } from "./iso/walk-iso.ts";

/**
 * Looks at a file while it passes by, in whatever pieces it comes: the same read can feed a hash and a scanner. Keeps
 * none of the pieces. Nothing is written in this pass; what has to change is known at its end, wherever in the file
 * it was said.
 */
export interface MediaWalk {
  write(chunk: Uint8Array): void;
  end(): WalkResult;
}

const WALKERS: Readonly<Record<MediaType, (feed: ByteFeed, record: ScrubRecord) => Steps<MediaFacts>>> = {
  "image/jpeg": walkJpeg,
  "image/png": walkPng,
  "image/gif": walkGif,
  "image/webp": walkWebp,
  "image/heic": walkIso,
  "image/avif": walkIso,
  "video/mp4": walkIso,
  "video/quicktime": walkIso,
  *"image/tiff"() {
    throw unusual("no lossless way", 0);
  },
};

/** Begins a walk. It keeps the first bytes until they say what the file is, then nothing but what it has learnt. */
export function walkMedia(): MediaWalk {
  let head = Buffer.alloc(0);
  let running: RunningWalk | undefined;
  return {
    write(chunk) {
      if (running === undefined) {
        head = Buffer.concat([head, chunk]);
        if (head.length < MEDIA_HEAD_BYTES) return;
        running = new RunningWalk(head);
      } else {
        running.write(chunk);
      }
    },
    end: () => (running ?? new RunningWalk(head)).end(),
  };
}

/** A walk whose type is known. What was found out when it ended early stays. */
class RunningWalk {
  readonly #type: MediaType | undefined;
  readonly #feed = new ByteFeed();
  readonly #record = new ScrubRecord();
  readonly #steps: Steps<MediaFacts> | undefined;
  #result: WalkResult | undefined;

  constructor(head: Uint8Array) {
    this.#type = identifyMedia(head);
    if (this.#type === undefined) this.#result = { verdict: "unknown" };
    else this.#steps = WALKERS[this.#type](this.#feed, this.#record);
    this.write(head);
  }

  write(chunk: Uint8Array): void {
    if (this.#result !== undefined || chunk.length === 0) return;
    this.#feed.push(chunk);
    this.#go();
  }

  end(): WalkResult {
    if (this.#result === undefined) {
      this.#feed.finish();
      this.#go();
    }
    if (this.#result === undefined) throw new Error("A walker went on after the end of its file.");
    return this.#result;
  }

  #go(): void {
    if (this.#steps === undefined || this.#type === undefined) return;
    try {
      const step = this.#steps.next();
      if (step.done !== true) return;
      const { found, trailing } = this.#record;
      const plan = this.#record.plan(this.#feed.position);
      this.#result = { verdict: "lossless", type: this.#type, facts: step.value, found, trailing, plan };
    } catch (error) {
      if (!(error instanceof MisfitError)) throw error;
      this.#result = { verdict: error.verdict, type: this.#type, misfit: error.misfit };
    }
  }
}
