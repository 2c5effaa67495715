import { endingsOf, type UploadType } from "./upload-type.ts";

const LONGEST = 100;
/** What says nothing visible, or has text run backwards, and what file systems and shells give a meaning to. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Zl}\p{Zp}<>:"/\\|?*]+/gu;
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
  const stem = shorten(fits ? clean.slice(0, dot) : clean) || "file";
  return `${DEVICE.test(stem) ? "_" : ""}${stem}.${fits ? ending : usual}`;
}

/** What to call a file that is refused, to its sender. */
export function refusedName(given: string): string {
  return shorten(readableName(given)) || "file";
}

function readableName(given: string): string {
  const last = given.toWellFormed().normalize("NFC").split(/[/\\]/).at(-1) ?? "";
  return last
    .replaceAll(UNSAFE, "_")
    .replaceAll(/\s+/gu, " ")
    .replaceAll(/^[\s._]+|[\s.]+$/gu, "");
}

/** By characters, so that none is cut in half. */
function shorten(name: string): string {
  return [...name].slice(0, LONGEST).join("").trim();
}
