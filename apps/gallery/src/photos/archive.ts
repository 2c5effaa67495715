import { makeZip } from "client-zip";
import type { MediaServices } from "gatehouse/media";
import type { PhotoArchive } from "./download-action.ts";

/** What an archive is sent for. */
export interface ArchiveRequest {
  readonly target: MediaServices["target"];
  /** Of the request: for `HEAD` no file is opened. */
  readonly method: string;
  /** Whether the grant still holds under which the archive was asked for; asked again for each file and each megabyte. */
  readonly holds: () => Promise<boolean>;
}

/** Sends photos as one archive, read from storage while it is sent. Photos are compressed already: nothing is again. */
export function archiveOf({ name, files }: PhotoArchive, { method, ...request }: ArchiveRequest): Response {
  return new Response(method === "HEAD" ? null : makeZip(entries(files, request)), {
    headers: {
      "content-type": "application/zip",
      "content-disposition": `attachment; filename="${name}.zip"`,
      "cache-control": "private, no-store",
      "x-content-type-options": "nosniff",
    },
  });
}

async function* entries(
  files: PhotoArchive["files"],
  { target, holds }: Pick<ArchiveRequest, "target" | "holds">,
): AsyncGenerator<{ name: string; input: AsyncIterable<Uint8Array>; lastModified: Date; size: number }> {
  const names = new Map<string, number>();
  for (const { key, name, bytes, changedAt } of files) {
    await insist(holds);
    const file = await target.get(key);
    // It was deleted after the archive was begun.
    if (file === undefined) continue;
    const reader = file.body.getReader();
    try {
      yield {
        name: distinct(name, names),
        input: piecesOf(reader, holds),
        lastModified: new Date(changedAt),
        size: bytes,
      };
    } finally {
      // Whoever breaks off would otherwise leave the file open.
      await reader.cancel();
    }
  }
}

/** Bytes after which it is asked again whether they may still be sent. */
const STEP = 1_048_576;

async function* piecesOf(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  holds: ArchiveRequest["holds"],
): AsyncGenerator<Uint8Array> {
  let sent = 0;
  for (let { done, value } = await reader.read(); !done && value !== undefined; { done, value } = await reader.read()) {
    sent += value.byteLength;
    if (sent >= STEP) {
      sent = 0;
      await insist(holds);
    }
    yield value;
  }
}

async function insist(holds: ArchiveRequest["holds"]): Promise<void> {
  if (!(await holds())) throw new Error("Who was sent this archive may not have it any more.");
}

/** Cameras give many photos one name. To the disks of many people, capital letters and accents make no other one. */
function distinct(name: string, names: Map<string, number>): string {
  const plain = name.replaceAll(/[\\/:*?"<>|\u0000-\u001f]/g, "_");
  let told = plain;
  // Telephones call all of thousands of photos the same: it goes on from where it was.
  let times = names.get(keyOf(plain)) ?? 1;
  while (names.has(keyOf(told))) {
    times += 1;
    told = plain.replace(/(\.[^.]*)?$/, (extension) => ` (${times})${extension}`);
  }
  names.set(keyOf(told), 1);
  names.set(keyOf(plain), times);
  return told;
}

function keyOf(name: string): string {
  return name.normalize("NFKC").toUpperCase().toLowerCase();
}
