import { readableName, shortenName } from "../http/readable-name.ts";
import { endingsOf, type UploadType } from "./upload-type.ts";

/** Names that Windows takes for devices, whatever their ending. */
const DEVICE = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;

/**
 * What a file is called from now on: what its sender called it without path, invisible characters and those with a
 * meaning for systems, and with an ending of its type. It is for people to read; no path is ever made of it.
 */
export function safeName(given: string, type: UploadType): string {
  const clean = readableName(given);
  const [usual, ...others] = endingsOf(type);
  const dot = clean.lastIndexOf(".");
  const ending = dot === -1 ? "" : clean.slice(dot + 1).toLowerCase();
  const fits = ending === usual || others.includes(ending);
  const stem = shortenName(fits ? clean.slice(0, dot) : clean) || "file";
  return `${DEVICE.test(stem) ? "_" : ""}${stem}.${fits ? ending : usual}`;
}

/** What to call a file that is refused, to its sender. */
export function refusedName(given: string): string {
  return shortenName(readableName(given)) || "file";
}
