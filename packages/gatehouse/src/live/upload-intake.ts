import type { BodyPace } from "../http/body-stream.ts";
import { GatheredBytes } from "../http/gathered-bytes.ts";
import { events } from "../kernel/events.ts";
import { deny, isDenial, type Denial } from "../kernel/outcome.ts";
import { StoreUnavailableError, type Store } from "../kernel/ports/store.ts";
import type { UploadPorts, UploadQuota, UploadRoom, UploadWriter, WrittenUpload } from "../kernel/ports/uploads.ts";
import { problems } from "../kernel/problems.ts";
import type { Random } from "../kernel/random.ts";
import { liveEvents } from "./events.ts";
import { liveProblems } from "./problems.ts";
import { sizeText } from "./size-text.ts";
import type { UploadedFile } from "./upload.ts";
import { safeName } from "./upload-name.ts";
import type { Ticket, UploadPlace, UploadSeals } from "./upload-seal.ts";
import { TYPE_BYTES, typeOf, type UploadType } from "./upload-type.ts";

/** Where uploads go, and how much of them may wait. */
export interface UploadStorage extends UploadPorts {
  /** Default: 20 files and 256 MiB of one session, 4 GiB of all. */
  readonly quota?: UploadQuota;
  /** How fast files have to arrive. Default: 32 KiB in each 10 seconds, and whole within ten minutes. */
  readonly pace?: BodyPace;
  /** Receives exceptions of the storage; callers only see `UPLOAD_FAILED`. */
  readonly report?: (error: unknown) => void;
}

/** A file on its way here. */
export interface ArrivingFile {
  /** What its sender calls it. */
  readonly name: string;
  /** Bytes its sender has announced. */
  readonly length: number | undefined;
  /** The next piece; `undefined` at the end, a denial when the rest does not come. */
  read(): Promise<Uint8Array | Denial | undefined>;
}

/** A file that has arrived, and what stands for it in calls. */
export interface ReceivedFile {
  readonly reference: string;
  readonly file: UploadedFile;
}

/** What files are received with. */
export interface IntakeParts extends UploadStorage {
  readonly seals: UploadSeals;
  readonly random: Random;
}

/** The quota unless another one is given. */
export const DEFAULT_UPLOAD_QUOTA: UploadQuota = Object.freeze({
  files: 20,
  bytes: 256 * 1_048_576,
  total: 4_096 * 1_048_576,
});

/** Milliseconds a file may take to arrive: a little more than its connection may. */
const ARRIVAL = 15 * 60_000;
/** Milliseconds a file waits for an action. */
const WAITING = 60 * 60_000;
const ID_BYTES = 16;
/** Bytes that are gathered before they are written: writing and hashing cost the same work however little it is. */
const WRITTEN_AT_ONCE = 65_536;
/** Room is held for twice what has arrived, and for no less and no more than that beyond it. */
const STEP = { least: 65_536, most: 4 * 1_048_576 };

/** Receives files: piece by piece from the wire into storage, within what their ticket allows. */
export class UploadIntake {
  readonly #parts: IntakeParts;

  constructor(parts: IntakeParts) {
    this.#parts = parts;
  }

  /** Receives a file, or says why not; then nothing of it is left. */
  async receive(
    arriving: ArrivingFile,
    {
      place,
      source,
      ticket,
      store,
    }: {
      readonly place: UploadPlace;
      readonly source: string | undefined;
      readonly ticket: Ticket;
      readonly store: Store;
    },
  ): Promise<ReceivedFile | Denial> {
    if ((arriving.length ?? 0) > ticket.maxBytes) return tooLarge(ticket, place);
    const head = await readHead(arriving);
    if (isDenial(head)) return head;
    const type = typeOf(head);
    if (type === undefined || !ticket.accept.includes(type)) return wrongType(type, { ticket, place });
    const id = Buffer.from(this.#parts.random.bytes(ID_BYTES)).toString("hex");
    const room = { id, tenant: place.tenant, owner: place.owner, source, bytes: head.byteLength };
    try {
      if (!(await this.#reserve(store, room, arriving.length))) return noRoom();
      const most = arriving.length ?? ticket.maxBytes;
      const checked = { ...arriving, read: this.#withinQuota(arriving, { store, room, most }) };
      const written = await this.#store(id, { arriving: checked, head, ticket, place });
      const settled = isDenial(written) ? written : await this.#settle(store, id, written);
      if (isDenial(settled)) {
        await this.#undo(store, id);
        return settled;
      }
      const file = { ...{ id, type }, name: safeName(arriving.name, type), ...settled };
      return { reference: this.#parts.seals.reference(place, file), file };
    } catch (error) {
      await this.#undo(store, id);
      return this.#failed(error);
    }
  }

  #reserve(store: Store, room: UploadRoom, announced: number | undefined): Promise<boolean> {
    const { records, quota = DEFAULT_UPLOAD_QUOTA } = this.#parts;
    return store.write((writing) => records.reserve(writing, { ...room, announced, lifetime: ARRIVAL }, quota));
  }

  /**
   * The pieces of a file, for which room is held as they arrive: what is only announced takes none from others.
   */
  #withinQuota(
    arriving: ArrivingFile,
    { store, room, most }: { readonly store: Store; readonly room: UploadRoom; readonly most: number },
  ): ArrivingFile["read"] {
    const { records, quota = DEFAULT_UPLOAD_QUOTA } = this.#parts;
    let arrived = room.bytes;
    let held = room.bytes;
    return async () => {
      const piece = await arriving.read();
      if (piece === undefined || isDenial(piece)) return piece;
      arrived += piece.byteLength;
      // What is larger than it may be is refused for that.
      if (arrived <= held || arrived > most) return piece;
      const step = Math.min(STEP.most, Math.max(STEP.least, held));
      const bytes = Math.min(most, Math.max(arrived, held + step));
      if (!(await store.write((writing) => records.extend(writing, { ...room, bytes }, quota)))) return noRoom();
      held = bytes;
      return piece;
    };
  }

  async #store(
    id: string,
    {
      arriving,
      head,
      ticket,
      place,
    }: {
      readonly arriving: ArrivingFile;
      readonly head: Uint8Array;
      readonly ticket: Ticket;
      readonly place: UploadPlace;
    },
  ): Promise<WrittenUpload | Denial> {
    const writer = await this.#parts.sink.begin(id);
    try {
      return (await copy(writer, { arriving, head, most: ticket.maxBytes })) ?? tooLarge(ticket, place);
    } finally {
      await writer.abort();
    }
  }

  async #settle(store: Store, id: string, written: WrittenUpload): Promise<WrittenUpload | Denial> {
    const arrived = { id, bytes: written.bytes, lifetime: WAITING };
    const inTime = await store.write((writing) => this.#parts.records.arrive(writing, arrived));
    return inTime ? written : deny(problems.REQUEST_TIMEOUT, { event: events.request_malformed });
  }

  /** Leaves nothing behind. What cannot be deleted now goes with the next housekeeping. */
  async #undo(store: Store, id: string): Promise<void> {
    const { records, sink, report } = this.#parts;
    try {
      await store.write((writing) => records.forget(writing, id));
      await sink.delete(id);
    } catch (error) {
      report?.(error);
    }
  }

  #failed(error: unknown): Denial {
    this.#parts.report?.(error);
    if (error instanceof StoreUnavailableError) {
      const context = { store: error.store };
      return deny(problems.STORE_UNAVAILABLE, { retryAfter: 1, event: events.store_unavailable, context });
    }
    return deny(liveProblems.UPLOAD_FAILED, { retryAfter: 1, event: liveEvents.upload_failed });
  }
}

/** Enough of a file to tell its type by, or all of it. */
async function readHead(arriving: ArrivingFile): Promise<Uint8Array | Denial> {
  let head: Uint8Array = new Uint8Array(0);
  while (head.byteLength < TYPE_BYTES) {
    const piece = await arriving.read();
    if (piece === undefined) break;
    if (isDenial(piece)) return piece;
    head = head.byteLength === 0 ? piece : Buffer.concat([head, piece]);
  }
  return head;
}

/** Writes all of a file, some of its pieces at a time; `undefined` where it is larger than `most`. */
async function copy(
  writer: UploadWriter,
  { arriving, head, most }: { readonly arriving: ArrivingFile; readonly head: Uint8Array; readonly most: number },
): Promise<WrittenUpload | Denial | undefined> {
  const gathered = new GatheredBytes(WRITTEN_AT_ONCE);
  let bytes = 0;
  for (let piece: Uint8Array | Denial | undefined = head; piece !== undefined; piece = await arriving.read()) {
    if (isDenial(piece)) return piece;
    bytes += piece.byteLength;
    if (bytes > most) return undefined;
    if (gathered.add(piece)) continue;
    if (gathered.length > 0) await writer.write(gathered.take());
    if (!gathered.add(piece)) await writer.write(piece);
  }
  if (gathered.length > 0) await writer.write(gathered.take());
  return writer.finish();
}

function noRoom(): Denial {
  return deny(liveProblems.UPLOAD_QUOTA_EXCEEDED, { event: liveEvents.excess_upload });
}

function tooLarge({ maxBytes }: Ticket, place: UploadPlace): Denial {
  return deny(liveProblems.UPLOAD_TOO_LARGE, {
    detail: `The file is too large: at most ${sizeText(maxBytes)} are accepted.`,
    event: liveEvents.excess_upload,
    context: { ...contextOf(place), most: maxBytes },
  });
}

function wrongType(
  type: UploadType | undefined,
  { ticket, place }: { readonly ticket: Ticket; readonly place: UploadPlace },
): Denial {
  const names = ticket.accept.map((accepted) => accepted.split("/")[1]?.toUpperCase()).join(", ");
  return deny(liveProblems.UPLOAD_TYPE_REFUSED, {
    detail: `This is not a file of an accepted type: ${names}.`,
    event: liveEvents.upload_type_refused,
    context: { ...contextOf(place), type: type ?? "unknown" },
  });
}

/** What events say of a place. Never what a sender calls a file. */
export function contextOf({ component, instance, field }: Omit<UploadPlace, "tenant" | "owner">): {
  readonly component: string;
  readonly instance: string;
  readonly field: string;
} {
  return { component, instance, field };
}
