import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { extname, join, relative, sep } from "node:path";
import type { Inbound } from "./inbound.ts";

/** One file that is served under a name made from its content. */
export interface StaticFile {
  /** The address to link to: `/assets/client-3f9ac1d2.js`. */
  readonly path: string;
  /** For the `integrity` attribute. */
  readonly integrity: string;
  readonly type: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly etag: string;
}

/** Files of a client bundle, read once and kept in memory. */
export interface StaticFiles {
  /**
   * The file a bundle calls `name`, such as `client.js` or `fonts/text.woff2`.
   * @throws {TypeError} when there is none.
   */
  file(name: string): StaticFile;
  /** The answer to a request below the prefix, or `undefined` when there is no such file. */
  answer(inbound: Inbound): Response | undefined;
}

const TYPES: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".gif": "image/gif",
  ".ico": "image/x-icon",
  ".jpg": "image/jpeg",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".map": "application/json",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".txt": "text/plain; charset=utf-8",
  ".wasm": "application/wasm",
  ".webmanifest": "application/manifest+json",
  ".webp": "image/webp",
  ".woff2": "font/woff2",
};
const IMMUTABLE = "public, max-age=31536000, immutable";
const HASH_DIGITS = 12;

/**
 * Serves files from memory by names that contain a hash of their content, so that caches may keep them
 * for good. Requests never reach the file system: what is not in the list does not exist.
 * @throws {TypeError} for a file whose type is not known.
 */
export function createStaticFiles(files: ReadonlyMap<string, Uint8Array>, prefix = "/assets/"): StaticFiles {
  const byName = new Map<string, StaticFile>();
  const byPath = new Map<string, StaticFile>();
  for (const [name, bytes] of files) {
    const file = describeFile(name, new Uint8Array(bytes), prefix);
    byName.set(name, file);
    byPath.set(file.path, file);
  }
  return {
    file(name) {
      const file = byName.get(name);
      if (file === undefined) throw new TypeError(`There is no static file "${name}".`);
      return file;
    },
    answer(inbound) {
      const file = byPath.get(inbound.url.pathname);
      if (file === undefined) return undefined;
      const headers = { etag: file.etag, "cache-control": IMMUTABLE, "cross-origin-resource-policy": "same-origin" };
      if (matches(inbound.request.headers.get("if-none-match"), file.etag)) {
        return new Response(null, { status: 304, headers });
      }
      return new Response(file.bytes, { headers: { ...headers, "content-type": file.type } });
    },
  };
}

function describeFile(name: string, bytes: Uint8Array<ArrayBuffer>, prefix: string): StaticFile {
  const extension = extname(name);
  const type = TYPES[extension];
  if (type === undefined) throw new TypeError(`The static file "${name}" has a type that is not known.`);
  const digest = createHash("sha384").update(bytes).digest();
  const mark = digest.toString("hex").slice(0, HASH_DIGITS);
  const path = `${prefix}${name.slice(0, -extension.length)}-${mark}${extension}`;
  return { path, integrity: `sha384-${digest.toString("base64")}`, type, bytes, etag: `"${mark}"` };
}

function matches(condition: string | null, etag: string): boolean {
  if (condition === null) return false;
  return condition.split(",", 32).some((candidate) => {
    const tag = candidate.trim();
    return tag === "*" || tag === etag || tag === `W/${etag}`;
  });
}

/** Reads the files of a folder and those below it, by their names inside it. Links and whatever begins with a dot are left out. */
export async function readStaticFolder(folder: string): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const parts = relative(folder, path).split(sep);
    if (!parts.some((part) => part.startsWith("."))) files.set(parts.join("/"), await readFile(path));
  }
  return files;
}
