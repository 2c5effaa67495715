import { deny, isDenial, type Denial } from "../../kernel/outcome.ts";
import type { MediaRoom } from "../../kernel/ports/media-grants.ts";
import type { ResumableWriter } from "../../kernel/ports/media-intake.ts";
import type { ResumableShortage, ResumableUpload } from "../../kernel/ports/resumable-uploads.ts";
import type { ContentCommand } from "./command.ts";
import { ENDED_KEPT, type Content, type ContentSource, type Received, type TransferParts } from "./content.ts";
import { ContentDigests } from "./content-digests.ts";
import { agreedLength, requestTooLarge } from "./content-length.ts";
import { uploadEvents } from "./events.ts";
import { HELD_AHEAD } from "./limits.ts";
import type { Place } from "./place.ts";
import { uploadProblems } from "./problems.ts";
import { failed, inconsistent, notThere, otherOffset, overtaken, refuse, shortage } from "./refusals.ts";

/** Bytes after which what has come is made durable and acknowledged. */
const LEAF = 8 * 1_048_576;
/** For slow senders: bytes and milliseconds after which that is done anyhow. */
const SLOW = { bytes: 262_144, time: 2_000 };
/** Bytes of the quota that are held ahead for an upload of unknown length: as many as have come, within these. */
const STEP = { least: 65_536, most: HELD_AHEAD };

/** One request that brings content: written as it comes, acknowledged when it is durable. */
export class Transfer {
  /** Ends once the file is closed and the store knows how far it is. */
  readonly place: Place;
  readonly #parts: TransferParts;
  readonly #id: string;
  #upload: ResumableUpload | undefined;
  #writer: ResumableWriter | undefined;
  #source: ContentSource | undefined;
  #settled = false;
  /** Behind what was taken, and behind what is durable. */
  #position = 0;
  #durable = 0;
  #reserved = 0;
  /** Behind what was made durable, whether it counts already or not. */
  #flushed = 0;
  #checkpoint: Promise<void> | undefined;
  #checkpointAt = 0;
  #failure: { readonly error: unknown } | undefined;

  constructor(parts: TransferParts, id: string, place: Place) {
    this.#parts = parts;
    this.#id = id;
    this.place = place;
  }

  /** By which the store knows this writer; `undefined` before it has the upload. */
  get epoch(): number | undefined {
    return this.#upload?.epoch;
  }

  /** Has it stop: another request has come for the same upload, or needs the place more, or the server ends. */
  stop(why: "overtaken" | "yielded" = "overtaken"): void {
    this.place.stop(why);
    this.#source?.abandon();
  }

  /** Receives content. `stuck`: whoever was at it before may still have the file open. */
  async receive(content: Content, stuck: boolean): Promise<Received | Denial> {
    try {
      const upload = await this.#claim(content.command);
      if (isDenial(upload) || "complete" in upload) return upload;
      const length = await this.#agreeOnLength(upload, content);
      if (isDenial(length)) return length;
      const opened = await this.#open(upload, stuck);
      if (isDenial(opened)) return opened;
      return await this.#receiveInto(opened, { upload, content, length });
    } catch (error) {
      return failed(error, this.#parts.report);
    }
  }

  /** Says that the store has taken what is here: there is nothing to be noted any more. */
  finished(): void {
    this.#settled = true;
  }

  /** Closes the file, and notes what was not. */
  async close(): Promise<void> {
    try {
      await this.#settle();
      await this.#closeFile();
    } catch (error) {
      this.#parts.report(error);
    } finally {
      this.place.end();
    }
  }

  async #claim({ completes, contentLength, offset }: ContentCommand): Promise<ResumableUpload | Received | Denial> {
    const { store, uploads, writer } = this.#parts;
    const id = this.#id;
    const claimed = await store.write((writing) => uploads.claim(writing, { id, writer }));
    if (claimed === undefined) {
      const known = await store.read((reading) => uploads.find(reading, id));
      if (known === undefined) return notThere();
      if (known.state !== "received") return refuse(uploadProblems.UPLOAD_GONE);
      // Its sender has not heard that all of it is here.
      const again = completes !== false && contentLength === 0 && offset === known.offset;
      if (again) return { upload: known, epoch: known.epoch, offset, complete: "already" };
      return contentLength === 0 ? refuse(uploadProblems.UPLOAD_COMPLETED) : inconsistent("The upload is complete.");
    }
    this.#upload = claimed;
    this.#durable = claimed.offset;
    this.#position = claimed.offset;
    this.#flushed = claimed.offset;
    this.#reserved = claimed.reserved;
    return claimed.offset === offset ? claimed : otherOffset(claimed.offset, offset);
  }

  /** The length of the upload, once everything that is said about it agrees; `undefined` as long as it is unknown. */
  async #agreeOnLength(upload: ResumableUpload, { command, room }: Content): Promise<number | Denial | undefined> {
    const length = agreedLength(upload, command, this.#parts.limits);
    if (isDenial(length)) return length;
    if (upload.length === undefined && length !== undefined) {
      const { store, uploads } = this.#parts;
      const { id, epoch, offset } = upload;
      const bytes = Math.min(length, Math.max(upload.reserved, offset + HELD_AHEAD));
      const missing = await store.write(async (writing) =>
        (await uploads.setLength(writing, { id, epoch, length }))
          ? uploads.reserve(writing, { id, epoch, bytes }, room)
          : "writer",
      );
      if (missing !== undefined) return shortage(missing);
      this.#reserved = bytes;
    }
    return length;
  }

  async #open(upload: ResumableUpload, stuck: boolean): Promise<ResumableWriter | Denial> {
    const { files, store, uploads, writer: own } = this.#parts;
    const { id, offset, writer: former } = upload;
    // Of one process alone nobody else can have it open: it is its own former self, which is dead.
    const foreign = former !== undefined && former !== own && store.dialect === "postgres";
    const writer = await files.append(id, offset, { fenced: stuck || foreign });
    this.#writer = writer;
    if (writer !== undefined) return writer;
    await store.write((writing) => uploads.end(writing, { id, kept: ENDED_KEPT }));
    return deny(uploadProblems.UPLOAD_GONE, { event: uploadEvents.media_upload_lost, context: { upload: id } });
  }

  async #receiveInto(
    writer: ResumableWriter,
    {
      upload,
      content,
      length,
    }: { readonly upload: ResumableUpload; readonly content: Content; readonly length: number | undefined },
  ): Promise<Received | Denial> {
    const { command } = content;
    const verified = command.checksum !== undefined || command.lateChecksum !== undefined;
    const digests = new ContentDigests(command);
    const end = await this.#copy(writer, { content, length, verified, digests });
    await this.#checkpoint;
    if (this.#failure !== undefined) throw this.#failure.error;
    if (end === "too long") return this.#invalidate(length);
    if (verified) {
      const refused = end ?? digests.verify(content);
      if (refused !== undefined) return this.place.denial ?? refused;
    }
    this.#durable = await writer.flush();
    const complete = end === undefined && (await this.#isComplete(command, length));
    if (isDenial(complete)) return complete;
    if (!complete && !(await this.#settle())) return overtaken();
    if (end !== undefined) return this.place.denial ?? end;
    const come = { upload: { ...upload, length }, epoch: upload.epoch, offset: this.#durable, complete };
    const wanted = command.wantsDigest && complete && command.offset === 0;
    const sha256 = wanted ? digests.of("sha256") : undefined;
    return sha256 === undefined ? come : { ...come, sha256 };
  }

  /** Takes all that comes; what ended it where that was not its end. */
  async #copy(
    writer: ResumableWriter,
    {
      content,
      length,
      verified,
      digests,
    }: {
      readonly content: Content;
      readonly length: number | undefined;
      readonly verified: boolean;
      readonly digests: ContentDigests;
    },
  ): Promise<Denial | "too long" | undefined> {
    const { source, command, room } = content;
    const { largestFile, largestRequest } = this.#parts.limits;
    const most = length ?? largestFile;
    this.#source = source;
    this.#checkpointAt = this.#parts.clock.monotonic();
    source.allowTime?.();
    // Somebody may have asked for it while it was opened.
    if (this.place.denial !== undefined) return this.place.denial;
    for (;;) {
      const piece = await source.read();
      if (piece === undefined) return undefined;
      if (isDenial(piece)) return piece;
      if (this.#position + piece.byteLength > most) return "too long";
      this.#position += piece.byteLength;
      this.place.bytes += piece.byteLength;
      if (largestRequest > 0 && this.place.bytes > largestRequest) return requestTooLarge(largestRequest);
      const missing = this.#position > this.#reserved ? await this.#hold(most, room) : undefined;
      if (missing !== undefined) return this.place.denial ?? shortage(missing);
      digests.update(piece);
      await writer.write(piece);
      if (this.#failure !== undefined) return undefined;
      this.#checkpoint ??= this.#beginCheckpoint(writer, verified ? undefined : command);
    }
  }

  /** Holds room in the quota ahead of what comes, where nobody knows how much that will be. */
  async #hold(most: number, room: MediaRoom): Promise<ResumableShortage | "writer" | undefined> {
    const { store, uploads } = this.#parts;
    const held = { id: this.#id, epoch: this.epoch ?? -1 };
    const ahead = Math.min(STEP.most, Math.max(STEP.least, this.#position));
    // Where there is no room for more than what is here, that has to do.
    let missing: ResumableShortage | "writer" | undefined;
    for (const bytes of [Math.min(most, this.#position + ahead), this.#position]) {
      missing = await store.write((writing) => uploads.reserve(writing, { ...held, bytes }, room));
      if (missing !== undefined) continue;
      this.#reserved = bytes;
      return undefined;
    }
    return missing;
  }

  /**
   * Makes durable what has come, while more comes. Without its `command` it is not acknowledged: what a checksum is to
   * prove counts once it is proven.
   */
  #beginCheckpoint(writer: ResumableWriter, command: ContentCommand | undefined): Promise<void> | undefined {
    const bytes = this.#position - this.#flushed;
    const now = this.#parts.clock.monotonic();
    if (bytes < LEAF && !(bytes >= SLOW.bytes && now - this.#checkpointAt >= SLOW.time)) return undefined;
    this.#checkpointAt = now;
    const note = async (): Promise<void> => {
      const durable = await writer.flush();
      this.#flushed = durable;
      if (command === undefined) return;
      if (!(await this.#advance(durable, false))) return this.stop();
      this.#durable = durable;
      command.progress?.(durable);
    };
    return note()
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => {
        this.#checkpoint = undefined;
      });
  }

  async #isComplete({ completes }: ContentCommand, length: number | undefined): Promise<boolean | Denial> {
    if (completes === false) return false;
    if (completes === "by length") return this.#durable === length;
    if (length === undefined || this.#durable === length) return true;
    if (!(await this.#settle())) return overtaken();
    return inconsistent("Less was sent than was announced.");
  }

  /** More came than was announced: whoever sends that cannot be gone on with. */
  async #invalidate(length: number | undefined): Promise<Denial> {
    const { store, uploads, files } = this.#parts;
    await this.#closeFile();
    this.#settled = true;
    await store.write((writing) => uploads.end(writing, { id: this.#id, kept: ENDED_KEPT }));
    await files.delete(this.#id);
    if (length === undefined) return refuse(uploadProblems.UPLOAD_TOO_LARGE_FOR_COLLECTION);
    return inconsistent("More was sent than was announced. The upload has ended.");
  }

  /** Closes the file and notes how far it is; `false` where somebody else has it by now. */
  async #settle(): Promise<boolean> {
    if (this.#settled) return true;
    this.#settled = true;
    await this.#closeFile();
    return this.#upload === undefined || this.#advance(this.#durable, true);
  }

  async #closeFile(): Promise<void> {
    await this.#checkpoint;
    await this.#writer?.[Symbol.asyncDispose]();
    this.#writer = undefined;
  }

  async #advance(offset: number, closed: boolean): Promise<boolean> {
    const { store, uploads } = this.#parts;
    const progress = { id: this.#id, epoch: this.epoch ?? -1, offset, closed };
    return store.write((writing) => uploads.advance(writing, progress));
  }
}
