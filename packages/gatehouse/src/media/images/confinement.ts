import { dirname, extname, join, sep } from "node:path";
import { fileURLToPath } from "node:url";

/** A program that decodes pictures. */
export type DecoderName = "sharp-child" | "heif-child";

const LIBRARIES: Readonly<Record<DecoderName, readonly string[]>> = {
  "sharp-child": ["sharp"],
  "heif-child": ["libheif-js/wasm-bundle.js", "@jsquash/avif/decode.js"],
};

/** The folder of the programs. Asked for when a picture comes: within a bundle a module has no folder. */
function adapters(): string {
  return join(import.meta.dirname, "adapters");
}

/** Where a program of a decoder is. */
export function programOf(name: DecoderName): string {
  return join(adapters(), name + extname(import.meta.filename));
}

/**
 * Options of Node's by which a decoder reads its own programs and libraries and one folder, and writes to that folder
 * alone; it starts no process and no thread, and loads native code only where its library is that.
 */
export function confinementOf(name: DecoderName, folder: string): readonly string[] {
  const readable = [adapters(), folder, ...LIBRARIES[name].flatMap(libraryFolder)];
  return [
    "--permission",
    ...[...new Set(readable)].map((path) => `--allow-fs-read=${join(path, "*")}`),
    `--allow-fs-write=${join(folder, "*")}`,
    "--disable-warning=SecurityWarning",
    ...(name === "sharp-child" ? ["--allow-addons"] : []),
  ];
}

const MODULES = `${sep}node_modules${sep}`;

/** The folder of libraries that one is in with all that it needs; none where it is not installed. */
function libraryFolder(library: string): readonly string[] {
  try {
    const path = fileURLToPath(import.meta.resolve(library));
    const end = path.indexOf(MODULES);
    return [end === -1 ? dirname(path) : path.slice(0, end + MODULES.length - 1)];
  } catch {
    return [];
  }
}
