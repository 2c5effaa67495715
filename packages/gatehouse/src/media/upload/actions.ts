import type { StandardSchemaV1 } from "@standard-schema/spec";
import { addressKey, UNKNOWN_ADDRESS } from "../../guards/address.ts";
import { defineAction, type Action, type AnyAction } from "../../kernel/action.ts";
import { isDenial } from "../../kernel/outcome.ts";
import type { EmergencyMode } from "../../kernel/ports/emergency.ts";
import type { MediaGrant, MediaGrants } from "../../kernel/ports/media-grants.ts";
import type { MediaIntake } from "../../kernel/ports/media-intake.ts";
import type { ResumableUpload } from "../../kernel/ports/resumable-uploads.ts";
import type { ReadTransaction, WriteTransaction } from "../../kernel/ports/store.ts";
import type { Problem } from "../../kernel/problem.ts";
import type { BeginCommand, ContentCommand } from "./command.ts";
import { uploadEvents } from "./events.ts";
import { HELD_AHEAD, PARALLEL, perMinute, VENUE } from "./limits.ts";
import { joinable, type JoinCommand } from "./joining.ts";
import { uploadProblems } from "./problems.ts";
import { notThere, refuse, shortage, whilePaused } from "./refusals.ts";
import { ENDED_KEPT, type ContentSource, type Received, type TransferParts } from "./content.ts";
import { grantOf, mayGoOn, mine, ownerOnly } from "./rights.ts";
import type { Transfer } from "./transfer.ts";
import type { Transfers } from "./transfers.ts";

/** What the actions of uploads are run with. */
export interface UploadActionParts extends TransferParts {
  readonly transfers: Transfers;
  readonly grants: MediaGrants;
  readonly intake: MediaIntake;
  /** Asked whether uploads are paused. */
  readonly emergency: EmergencyMode;
}

/** An upload that is to begin. Built by the routes alone. */
export interface BeginCall {
  readonly id: string;
  readonly command: BeginCommand | JoinCommand;
}

/** Content for an upload. */
export interface AppendCall {
  readonly id: string;
  readonly command: ContentCommand;
  readonly source: ContentSource;
  readonly mismatch: Problem;
  readonly opened: (transfer: Transfer) => void;
}

/** An upload all of which is here. */
export interface FinishCall {
  readonly id: string;
  readonly epoch: number;
  readonly bytes: number;
}

/** An upload that is asked for. */
export interface UploadCall {
  readonly id: string;
}

/** The actions of uploads: `media.upload.*`. */
export interface UploadActions {
  readonly create: Action<BeginCall, ResumableUpload>;
  readonly append: Action<AppendCall, Received>;
  readonly finish: Action<FinishCall, ResumableUpload>;
  readonly look: Action<UploadCall, ResumableUpload>;
  readonly terminate: Action<UploadCall, ResumableUpload>;
  readonly all: readonly AnyAction[];
}

/** Milliseconds for which it is remembered that an upload has arrived, so that whoever asks again is told so. */
const RECEIVED_KEPT = 86_400_000;

/** Declares the actions of uploads. */
export function createUploadActions(parts: UploadActionParts): UploadActions {
  const create = createAction(parts);
  const append = appendAction(parts);
  const finish = finishAction(parts);
  const look = lookAction(parts);
  const terminate = terminateAction(parts);
  return { create, append, finish, look, terminate, all: [create, append, finish, look, terminate] };
}

function passedOn<Call>(): StandardSchemaV1<unknown, Call> {
  const validate = (value: unknown): { readonly value: Call } =>
    // The routes have read it; nothing else reaches the http entrance under these names.
    ({ value: value as Call });
  return { "~standard": { version: 1, vendor: "gatehouse", validate } };
}

const COMMON = { entrances: ["http"], perAddress: VENUE } as const;

function createAction(parts: UploadActionParts): Action<BeginCall, ResumableUpload> {
  const { uploads, limits } = parts;
  return defineAction({
    ...COMMON,
    name: "media.upload.create",
    input: passedOn<BeginCall>(),
    effects: "store",
    idempotency: false,
    limits: [perMinute("media.uploads.begun", 240)],
    authorise: async ({ principal, input, read }) => {
      const asked = (reading: ReadTransaction) => grantOf(parts, reading, { principal, ...input.command });
      const grant = whilePaused(parts.emergency) ?? (await read(asked));
      return isDenial(grant) ? grant : true;
    },
    audit: {
      event: uploadEvents.media_upload_begun,
      target: ({ id }) => id,
      context: (_, { collection, grant, kind, length }) => ({ collection, grant: grant.id, kind, bytes: length }),
    },
    async run({ input: { id, command }, principal, attempt, transaction }) {
      const grant = await grantOf(parts, transaction, { principal, ...command });
      if (isDenial(grant)) return grant;
      const planned =
        "parts" in command ? await joinable(uploads, transaction, { command, principal }) : { begin: command };
      if (isDenial(planned)) return planned;
      if ("already" in planned) return planned.already;
      const { begin: described } = planned;
      const { length, kind } = described;
      if ((length ?? 0) > limits.largestFile) return refuse(uploadProblems.UPLOAD_TOO_LARGE_FOR_COLLECTION);
      const { id: grantId, generation, tenant } = grant;
      const source = addressKey(attempt.peer.ip);
      const missing = await uploads.begin(
        transaction,
        {
          parts: [],
          ...described,
          ...{ id, tenant, grant: { id: grantId, generation } },
          owner: { type: principal.type, id: principal.id },
          source: source === UNKNOWN_ADDRESS ? undefined : source,
        },
        {
          ...limits,
          openPerSource: limits.openPerAddress,
          room: grant,
          reserve: kind === "joined" ? 0 : Math.min(length ?? 0, HELD_AHEAD),
        },
      );
      if (missing !== undefined) return shortage(missing);
      return (await uploads.find(transaction, id)) ?? notThere();
    },
  });
}

function appendAction(parts: UploadActionParts): Action<AppendCall, Received> {
  const { transfers, store } = parts;
  return defineAction({
    ...COMMON,
    name: "media.upload.append",
    input: passedOn<AppendCall>(),
    // The bytes arrive while it runs: no transaction may wait for them.
    effects: "external",
    idempotency: false,
    limits: [PARALLEL, perMinute("media.uploads.content", 1200)],
    authorise: async (context) => whilePaused(parts.emergency) ?? mayGoOn(parts)(context),
    audit: {
      event: uploadEvents.media_upload_advanced,
      target: ({ id }) => id,
      context: (_, { offset, complete }) => ({ offset, complete: complete !== false }),
    },
    async run({ input: { id, opened, ...content }, principal }) {
      const upload = await store.read((reading) => parts.uploads.find(reading, id));
      if (upload === undefined) return notThere();
      const grant = await store.read((reading) => grantOf(parts, reading, { principal, ...upload }));
      if (isDenial(grant)) return grant;
      const holder = { tenant: grant.tenant, grant: grant.id, owner: `${principal.type}:${principal.id}` };
      return transfers.receive(id, { ...content, room: grant, holder }, opened);
    },
  });
}

function finishAction(parts: UploadActionParts): Action<FinishCall, ResumableUpload> {
  const { uploads, intake } = parts;
  return defineAction({
    ...COMMON,
    name: "media.upload.finish",
    input: passedOn<FinishCall>(),
    effects: "store",
    idempotency: false,
    limits: [perMinute("media.uploads.finished", 240)],
    // Everything is asked anew: the session, bans and the right may have ended while the bytes came.
    authorise: mayGoOn(parts),
    audit: {
      event: uploadEvents.media_upload_received,
      target: ({ id }) => id,
      context: (_, { collection, grant, offset }) => ({ collection, grant: grant.id, bytes: offset }),
    },
    async run({ input: { id, epoch, bytes }, principal, transaction }) {
      const upload = await mine(uploads, transaction, { id, principal });
      if (isDenial(upload)) return upload;
      const grant = await grantOf(parts, transaction, { principal, ...upload });
      if (isDenial(grant)) return grant;
      const missing = await uploads.shortage(transaction, upload, grant);
      if (missing !== undefined) return shortage(missing);
      if (!(await uploads.finish(transaction, { id, epoch, bytes, kept: RECEIVED_KEPT })))
        return refuse(uploadProblems.UPLOAD_OVERTAKEN);
      if (upload.kind === "joined" && !(await uploads.join(transaction, upload.parts, id)))
        return refuse(uploadProblems.UPLOAD_PARTS_UNUSABLE);
      if (upload.kind !== "part") await handOver(intake, transaction, { upload, grant, bytes });
      return { ...upload, state: "received", offset: bytes, length: bytes };
    },
  });
}

function lookAction({ uploads }: UploadActionParts): Action<UploadCall, ResumableUpload> {
  return defineAction({
    ...COMMON,
    name: "media.upload.look",
    input: passedOn<UploadCall>(),
    effects: "none",
    limits: [perMinute("media.uploads.looked", 1200)],
    authorise: ownerOnly(uploads),
    run: ({ input: { id }, principal, transaction }) => mine(uploads, transaction, { id, principal }),
  });
}

function terminateAction({ uploads, transfers, files, store }: UploadActionParts): Action<UploadCall, ResumableUpload> {
  return defineAction({
    ...COMMON,
    name: "media.upload.terminate",
    input: passedOn<UploadCall>(),
    effects: "external",
    idempotency: false,
    limits: [perMinute("media.uploads.terminated", 240)],
    authorise: ownerOnly(uploads),
    audit: { event: uploadEvents.media_upload_terminated, target: ({ id }) => id },
    async run({ input: { id }, principal }) {
      const upload = await store.read((reading) => mine(uploads, reading, { id, principal }));
      if (isDenial(upload)) return upload;
      await transfers.quieten(upload);
      const ended = await store.write((writing) => uploads.end(writing, { id, kept: ENDED_KEPT }));
      if (!ended) {
        const over = upload.state === "ended" ? uploadProblems.UPLOAD_GONE : uploadProblems.UPLOAD_COMPLETED;
        return refuse(over);
      }
      await files.delete(id);
      return upload;
    },
  });
}

/** Hands over what has arrived, in the transaction in which its upload ends. */
function handOver(
  intake: MediaIntake,
  transaction: WriteTransaction,
  { upload, grant, bytes }: { readonly upload: ResumableUpload; readonly grant: MediaGrant; readonly bytes: number },
): Promise<void> {
  const { id, tenant, collection, owner, name, declaredType, announcedSha256 } = upload;
  const { id: grantId, generation } = grant;
  const file = { id, tenant, collection, owner, bytes, name, declaredType, announcedSha256 };
  return intake.received(transaction, { ...file, grant: { id: grantId, generation } });
}
