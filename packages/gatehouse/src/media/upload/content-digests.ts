import { createHash, timingSafeEqual, type Hash } from "node:crypto";
import { deny, type Denial } from "../../kernel/outcome.ts";
import { problems } from "../../kernel/problems.ts";
import type { ContentCommand } from "./command.ts";
import type { Content } from "./content.ts";
import { uploadEvents } from "./events.ts";
import type { Checksum } from "./fields.ts";
import { refuse } from "./refusals.ts";

/** Digests of content, made as it comes: those that it is held against, and what its sender wants to know. */
export class ContentDigests {
  readonly #hashes: readonly (readonly [Checksum["algorithm"], Hash])[];

  constructor(command: ContentCommand) {
    this.#hashes = algorithmsOf(command).map((algorithm) => [algorithm, createHash(algorithm)] as const);
  }

  update(piece: Uint8Array): void {
    for (const [, hash] of this.#hashes) hash.update(piece);
  }

  /** The digest of what has come; `undefined` where nobody has asked for that algorithm. */
  of(algorithm: Checksum["algorithm"]): Buffer | undefined {
    // A copy: it may be asked for once more.
    return this.#hashes
      .find(([name]) => name === algorithm)?.[1]
      .copy()
      .digest();
  }

  /** Why content is not what its sender has sent, if it is not. */
  verify({ command, mismatch }: Content): Denial | undefined {
    const expected = command.checksum ?? command.lateChecksum?.() ?? "missing";
    if (expected === "missing") return refuse(problems.MALFORMED_REQUEST, "The announced checksum did not come.");
    const found = this.of(expected.algorithm);
    const fits =
      found !== undefined && found.byteLength === expected.digest.byteLength && timingSafeEqual(found, expected.digest);
    return fits ? undefined : deny(mismatch, { event: uploadEvents.media_upload_corrupted });
  }
}

/** What comes late is not known before: both that are spoken are made. */
function algorithmsOf({ checksum, lateChecksum, wantsDigest }: ContentCommand): readonly Checksum["algorithm"][] {
  if (lateChecksum !== undefined) return ["sha1", "sha256"];
  const algorithms = new Set(checksum === undefined ? [] : [checksum.algorithm]);
  return [...(wantsDigest ? algorithms.add("sha256") : algorithms)];
}
