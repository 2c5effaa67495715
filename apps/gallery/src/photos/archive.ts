import { makeZip } from "client-zip";
import type { MediaServices } from "gatehouse/media";
import type { PhotoArchive } from "./download-action.ts";

/** Sends photos as one archive, read from storage while it is sent. Photos are compressed already: nothing is again. */
export function archiveOf({ name, files }: PhotoArchive, { target }: Pick<MediaServices, "target">): Response {
  return new Response(makeZip(entries(files, target)), {
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
  target: MediaServices["target"],
): AsyncGenerator<{ name: string; input: ReadableStream<Uint8Array>; lastModified: Date; size: number }> {
  const names = new Map<string, number>();
  for (const { key, name, bytes, changedAt } of files) {
    const file = await target.get(key);
    // It was deleted after the archive was begun.
    if (file === undefined) continue;
    yield { name: distinct(name, names), input: file.body, lastModified: new Date(changedAt), size: bytes };
  }
}

/** Cameras give many photos one name. */
function distinct(name: string, names: Map<string, number>): string {
  const plain = name.replaceAll(/[\\/:*?"<>|\u0000-\u001f]/g, "_");
  const times = (names.get(plain) ?? 0) + 1;
  names.set(plain, times);
  return times === 1 ? plain : plain.replace(/(\.[^.]*)?$/, (extension) => ` (${times})${extension}`);
}
