import type { BodyStream } from "../../http/body-stream.ts";
import type { Edge } from "../../http/edge.ts";
import type { Inbound } from "../../http/inbound.ts";
import { isDenial, type Denial, type Outcome, type Success } from "../../kernel/outcome.ts";
import type { ResumableUpload } from "../../kernel/ports/resumable-uploads.ts";
import type { Random } from "../../kernel/random.ts";
import type { AppendCall, UploadActionParts, UploadActions } from "./actions.ts";
import type { BeginCommand, ContentCommand } from "./command.ts";
import type { Dialect } from "./dialect.ts";
import type { JoinCommand } from "./joining.ts";
import { paceOf } from "./limits.ts";
import { ENDED_KEPT, type ContentSource, type Received, type Transfer } from "./transfer.ts";
import { Turns } from "./turns.ts";

/** What uploads are received with. */
export interface ReceptionParts extends UploadActionParts {
  readonly edge: Edge;
  readonly actions: UploadActions;
  readonly random: Random;
}

/** Content that a request brings. */
export interface Arriving {
  readonly id: string;
  readonly command: ContentCommand;
  readonly dialect: Pick<Dialect, "mismatch">;
  /** Where it comes from, where that is not the body of the request. */
  readonly source?: ContentSource;
  /** From the body, where the format has it there. */
  readonly csrfToken?: string | undefined;
}

/** How far an upload has come, as it is answered. */
export interface Arrived {
  readonly upload: ResumableUpload;
  readonly sha256?: Uint8Array | undefined;
}

const ID_BYTES = 16;

/** Takes what requests bring through the gate: each step of an upload is an attempt of its own. */
export class Reception {
  readonly #parts: ReceptionParts;
  /** A store that repeats what collides is spared the collisions of this process: all count in the same rows. */
  readonly #turns: Turns | undefined;

  constructor(parts: ReceptionParts) {
    this.#parts = parts;
    this.#turns = parts.store.dialect === "postgres" ? new Turns() : undefined;
  }

  /** Begins an upload. */
  async begin(
    inbound: Inbound,
    command: BeginCommand | JoinCommand,
    csrfToken?: string,
  ): Promise<ResumableUpload | Denial> {
    const { edge, actions, random } = this.#parts;
    const id = Buffer.from(random.bytes(ID_BYTES)).toString("hex");
    const perform = (): Promise<Outcome> => edge.perform(actions.create, inbound, { id, command }, { csrfToken });
    return valueOf(await this.#inTurn(perform));
  }

  /** Receives content, and finishes the upload where that was all of it. The answer is an acknowledgement. */
  async receive(inbound: Inbound, arriving: Arriving): Promise<Arrived | Denial> {
    const held: { body?: BodyStream; transfer?: Transfer } = {};
    try {
      const received = await this.#append(inbound, arriving, held);
      if (isDenial(received)) return received;
      const { upload, epoch, offset, complete, sha256 } = received;
      if (complete === "already") return { upload };
      if (!complete) return { upload: { ...upload, offset } };
      const finished = await this.#finish(inbound, { id: upload.id, epoch, bytes: offset }, arriving.csrfToken);
      if (isDenial(finished)) return finished;
      held.transfer?.finished();
      return { upload: finished, sha256 };
    } finally {
      held.body?.close();
      await held.transfer?.close();
    }
  }

  /** Where an upload stands, once nobody changes that any more. */
  async look(inbound: Inbound, id: string): Promise<ResumableUpload | Denial> {
    const { edge, actions, transfers, uploads, store } = this.#parts;
    const seen = valueOf<ResumableUpload>(await edge.perform(actions.look, inbound, { id }));
    if (isDenial(seen)) return seen;
    await transfers.quieten(seen);
    return (await store.read((reading) => uploads.find(reading, id))) ?? seen;
  }

  async terminate(inbound: Inbound, id: string): Promise<ResumableUpload | Denial> {
    const { edge, actions } = this.#parts;
    return valueOf(await edge.perform(actions.terminate, inbound, { id }));
  }

  /** Gives up an upload that its sender cannot go on with. */
  async abandon(id: string): Promise<void> {
    const { store, uploads, files } = this.#parts;
    if (await store.write((writing) => uploads.end(writing, { id, kept: ENDED_KEPT }))) await files.delete(id);
  }

  async #append(
    inbound: Inbound,
    { id, command, dialect, source, csrfToken }: Arriving,
    held: { body?: BodyStream; transfer?: Transfer },
  ): Promise<Received | Denial> {
    const { edge, actions, limits } = this.#parts;
    const outcome = await edge.receive(inbound, {
      action: actions.append,
      read: async () => {
        const body = source ?? inbound.stream(paceOf(limits));
        if (isDenial(body)) return body;
        if (source === undefined) held.body = body as BodyStream;
        const opened = (transfer: Transfer): void => {
          held.transfer = transfer;
        };
        const call: AppendCall = { id, command, source: body, mismatch: dialect.mismatch, opened };
        return { value: call, csrfToken };
      },
    });
    return valueOf(outcome);
  }

  async #finish(
    inbound: Inbound,
    call: { readonly id: string; readonly epoch: number; readonly bytes: number },
    csrfToken: string | undefined,
  ): Promise<ResumableUpload | Denial> {
    const { edge, actions } = this.#parts;
    return valueOf(await this.#inTurn(() => edge.perform(actions.finish, inbound, call, { csrfToken })));
  }

  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    return this.#turns === undefined ? work() : this.#turns.take(work);
  }
}

/** What the actions of uploads result in is fixed by them; callers name which one was performed. */
function valueOf<Value>(outcome: Outcome): Value | Denial {
  return outcome.ok ? (outcome as Success<Value>).value : outcome;
}
