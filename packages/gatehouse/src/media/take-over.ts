import { createReadStream } from "node:fs";
import { lstat, realpath } from "node:fs/promises";
import { join, sep } from "node:path";
import { z } from "zod";
import { defineAction, type AnyAction, type Authorise } from "../kernel/action.ts";
import type { KeyRing } from "../kernel/key-ring.ts";
import { deny, isDenial, type Denial } from "../kernel/outcome.ts";
import type { DocumentKey, Documents } from "../kernel/ports/documents.ts";
import type { MediaAssets } from "../kernel/ports/media-assets.ts";
import type { MediaIntake, ReceivedFile, ResumableFiles } from "../kernel/ports/media-intake.ts";
import type { ReadTransaction } from "../kernel/ports/store.ts";
import { problems } from "../kernel/problems.ts";
import type { Random } from "../kernel/random.ts";
import { mediaEvents } from "./events.ts";

/** What files of an earlier system are taken over with. */
export interface TakeOverParts {
  readonly assets: MediaAssets;
  readonly intake: MediaIntake;
  readonly quarantine: ResumableFiles;
  /** Remember which asset a path has become. */
  readonly documents: Documents;
  readonly keyRing: Pick<KeyRing, "fingerprint">;
  readonly random: Random;
  /** The folder they lie in; absent where none is configured. */
  readonly directory: string | undefined;
  readonly operatorsOnly: Authorise<unknown>;
}

const KIND = "media.take-over";
const MOST_FILES = 50;
const ID_BYTES = 16;
const Files = z.strictObject({
  files: z
    .array(
      z.strictObject({
        /** Below the folder, as the earlier system wrote it. */
        path: z.string().min(1).max(1024),
        collection: z.string().trim().min(1).max(200),
        name: z.string().trim().min(1).max(255).optional(),
      }),
    )
    .min(1)
    .max(MOST_FILES),
});
type NamedFile = z.output<typeof Files>["files"][number];

/** What has become of one of them. */
export interface TakenFile {
  readonly path: string;
  /** Its asset, once it is taken over: what the row of the earlier system gets in the place of the path. */
  readonly asset?: string;
  /** `taken` now, `new` where it would be, `absent` where there is no such file; else the state of the asset. */
  readonly state: string;
}

/**
 * Taking over the files of an earlier system, which pages reached by their paths; from the command line alone. Each goes
 * the way of those that are uploaded, from quarantine on. The store remembers in the same transaction which asset a path has
 * become, so that whatever was cut off is simply begun again and brings no file twice.
 */
export function createTakeOver(parts: TakeOverParts): readonly AnyAction[] {
  const shared = { entrances: ["job"], input: Files, authorise: parts.operatorsOnly } as const;
  return [
    defineAction({
      ...{ ...shared, name: "media.take-over.survey", effects: "none" },
      run: async ({ attempt: { tenant }, input, transaction }) => {
        const folder = await folderOf(parts);
        if (isDenial(folder)) return folder;
        const surveyed: TakenFile[] = [];
        for (const { path } of input.files) {
          const known = await knownFile(parts, transaction, { tenant, path });
          const unknown = { path, state: (await sizeOf(folder, path)) === undefined ? "absent" : "new" };
          surveyed.push(known ?? unknown);
        }
        return { files: surveyed };
      },
    }),
    defineAction({
      ...{ ...shared, name: "media.take-over", effects: "store", idempotency: false },
      audit: {
        event: mediaEvents.media_taken_over,
        context: (_input, { files }: { readonly files: readonly TakenFile[] }) => ({
          taken: files.filter(({ state }) => state === "taken").length,
          absent: files.filter(({ state }) => state === "absent").length,
        }),
      },
      // Copying takes long, and a copy that is not taken over is a stray of the quarantine.
      prepare: async ({ attempt: { tenant }, input, read }) => {
        const folder = await folderOf(parts);
        if (isDenial(folder)) return folder;
        const copies = new Map<string, Copied>();
        for (const { path } of input.files) {
          const known = await read((reading) => knownFile(parts, reading, { tenant, path }));
          const copied = known === undefined ? await copy(parts, folder, path) : undefined;
          if (copied !== undefined) copies.set(path, copied);
        }
        return copies;
      },
      run: async ({ attempt: { tenant }, input, transaction, prepared: copies, principal }) => {
        const files: TakenFile[] = [];
        for (const file of input.files) {
          const { path } = file;
          const copied = copies.get(path);
          let known = await knownFile(parts, transaction, { tenant, path });
          if (known === undefined && copied !== undefined) {
            const { id } = copied;
            await parts.documents.put(transaction, documentOf(parts, { tenant, path }), { expected: 0, body: id });
            await parts.intake.received(transaction, received(file, { ...copied, tenant, owner: principal }));
            known = { path, asset: id, state: "taken" };
          }
          files.push(known ?? { path, state: "absent" });
        }
        return { files };
      },
    }),
  ];
}

interface Arrived {
  readonly id: string;
  readonly tenant: string;
  readonly bytes: number;
  readonly owner: { readonly type: string; readonly id: string };
}

function received({ path, collection, name }: NamedFile, { id, tenant, bytes, owner }: Arrived): ReceivedFile {
  return {
    ...{ id, tenant, collection, bytes, name: name ?? path.slice(path.lastIndexOf("/") + 1) },
    grant: { id: "earlier", generation: 1 },
    owner: { type: owner.type, id: owner.id },
    declaredType: undefined,
    announcedSha256: undefined,
  };
}

interface OldPlace {
  readonly tenant: string;
  readonly path: string;
}

function documentOf({ keyRing }: TakeOverParts, { tenant, path }: OldPlace): DocumentKey {
  return { kind: KIND, tenant, id: keyRing.fingerprint(KIND, path) };
}

async function knownFile(
  parts: TakeOverParts,
  reading: ReadTransaction,
  place: OldPlace,
): Promise<TakenFile | undefined> {
  const note = await parts.documents.get(reading, documentOf(parts, place));
  if (note === undefined) return undefined;
  const asset = await parts.assets.find(reading, note.body);
  return { path: place.path, asset: note.body, state: asset?.state ?? "deleted" };
}

async function folderOf({ directory }: TakeOverParts): Promise<string | Denial> {
  const detail = "Say where the files lie: set media.takeOver.directory to a folder that this server can read.";
  if (directory === undefined) return deny(problems.VALIDATION_ERROR, { detail });
  try {
    return await realpath(directory);
  } catch {
    return deny(problems.VALIDATION_ERROR, { detail: `The folder of media.takeOver.directory cannot be read.` });
  }
}

/** Its size; `undefined` where there is no plain file of this name within the folder. Links are not followed out of it. */
async function sizeOf(folder: string, path: string): Promise<number | undefined> {
  try {
    const place = await realpath(join(folder, path));
    if (!place.startsWith(folder + sep)) return undefined;
    const found = await lstat(place);
    return found.isFile() ? found.size : undefined;
  } catch {
    return undefined;
  }
}

interface Copied {
  readonly id: string;
  readonly bytes: number;
}

/** Copies a file into quarantine; `undefined` where there is none. */
async function copy({ quarantine, random }: TakeOverParts, folder: string, path: string): Promise<Copied | undefined> {
  if ((await sizeOf(folder, path)) === undefined) return undefined;
  const id = Buffer.from(random.bytes(ID_BYTES)).toString("hex");
  await using writer = await quarantine.append(id, 0);
  // From the beginning there is always room for one.
  if (writer === undefined) throw new Error("A new file could not be begun in quarantine.");
  // Without an encoding streams of files bring bytes.
  for await (const piece of createReadStream(join(folder, path)) as AsyncIterable<Buffer>) await writer.write(piece);
  return { id, bytes: await writer.flush() };
}
