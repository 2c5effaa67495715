import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

/** The browser runtime, ready to be served. */
export interface ClientBundle {
  readonly source: string;
  /** Changes with the source: part of its address, so that caches may keep it for good. */
  readonly hash: string;
}

/** The same place seen from the sources and from the published files. */
const LOCATION = new URL("../../dist/client/live.js", import.meta.url);

/**
 * Reads the browser runtime.
 * @throws {Error} in a source tree where it has not been built
 */
export function readClientBundle(): ClientBundle {
  let source: string;
  try {
    source = readFileSync(LOCATION, "utf8");
  } catch (error) {
    throw new Error("The browser runtime is not built; run `node tools/build-client.mjs`.", { cause: error });
  }
  return { source, hash: createHash("sha256").update(source).digest("hex").slice(0, 16) };
}

/** Address of the browser runtime. */
export function clientPath({ hash }: ClientBundle): string {
  return `/api/livecomponents/client.${hash}.js`;
}
