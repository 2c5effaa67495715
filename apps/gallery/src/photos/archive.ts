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
  const names = new Set<string>();
  for (const { key, name, bytes, changedAt } of files) {
    const file = await target.get(key);
    // It was deleted after the archive was begun.
    if (file === undefined) continue;
    yield { name: distinct(name, names), input: file.body, lastModified: new Date(changedAt), size: bytes };
  }
}

/** Cameras give many photos one name. To the disks of many people, capital letters and accents make no other one. */
function distinct(name: string, names: Set<string>): string {
  const plain = name.replaceAll(/[\\/:*?"<>|\u0000-\u001f]/g, "_");
  let told = plain;
  for (let times = 2; names.has(keyOf(told)); times += 1) {
    told = plain.replace(/(\.[^.]*)?$/, (extension) => ` (${times})${extension}`);
  }
  names.add(keyOf(told));
  return told;
}

function keyOf(name: string): string {
  return name.normalize("NFKC").toUpperCase().toLowerCase();
}
