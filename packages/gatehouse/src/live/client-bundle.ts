import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

/** A script, ready to be served. */
interface ClientScript {
  readonly source: string;
  /** Changes with the source: part of its address, so that caches may keep it for good. */
  readonly hash: string;
}

/** The browser runtime: what every page with components loads, and what that loads where it is needed. */
export interface ClientBundle extends ClientScript {
  /** For pages that follow topics. The runtime knows its address. */
  readonly push?: ClientScript;
}

/**
 * The same places seen from the sources and from the published files. Each stands there whole, because bundlers of
 * servers find files by exactly this form.
 */
const LOCATIONS = {
  core: new URL("../../dist/client/live.js", import.meta.url),
  push: new URL("../../dist/client/push.js", import.meta.url),
};

/**
 * Reads the browser runtime.
 * @throws {Error} in a source tree where it has not been built
 */
export function readClientBundle(): ClientBundle {
  return { ...read(LOCATIONS.core), push: read(LOCATIONS.push) };
}

function read(location: URL): ClientScript {
  let source: string;
  try {
    source = readFileSync(location, "utf8");
  } catch (error) {
    throw new Error("The browser runtime is not built; run `node tools/build-client.mjs`.", { cause: error });
  }
  // As tools/build-client.mjs names it.
  return { source, hash: createHash("sha256").update(source).digest("hex").slice(0, 16) };
}

/** Address of the browser runtime. */
export function clientPath({ hash }: ClientScript): string {
  return `/api/livecomponents/client.${hash}.js`;
}

/** The scripts of the browser runtime by their addresses. */
export function clientScripts(client: ClientBundle): ReadonlyMap<string, string> {
  const scripts = new Map([[clientPath(client), client.source]]);
  // The runtime imports it by this name, from beside itself.
  if (client.push !== undefined) scripts.set(`/api/livecomponents/push.${client.push.hash}.js`, client.push.source);
  return scripts;
}
