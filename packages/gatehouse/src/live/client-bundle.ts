import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

/** A script for browsers, ready to be served. */
export interface ClientScript {
  readonly source: string;
  /** Changes with the source: part of its address, so that caches may keep it for good. */
  readonly hash: string;
}

/** The browser runtime, and what it loads where a page needs it, by name. */
export interface ClientBundle extends ClientScript {
  readonly chunks?: Readonly<Record<string, ClientScript>>;
}

/**
 * The same places seen from the sources and from the published files. Each stands there whole, because bundlers of
 * servers find files by exactly this form.
 */
const CORE = new URL("../../dist/client/live.js", import.meta.url);
/** As in tools/build-client.mjs. */
const CHUNKS = {
  inspector: new URL("../../dist/client/inspector.js", import.meta.url),
  push: new URL("../../dist/client/push.js", import.meta.url),
  upload: new URL("../../dist/client/upload.js", import.meta.url),
};

/**
 * Reads the browser runtime.
 * @throws {Error} in a source tree where it has not been built
 */
export function readClientBundle(): ClientBundle {
  const chunks = Object.entries(CHUNKS).map(([name, location]) => [name, readScript(location)] as const);
  return { ...readScript(CORE), chunks: Object.fromEntries(chunks) };
}

function readScript(location: URL): ClientScript {
  let source: string;
  try {
    source = readFileSync(location, "utf8");
  } catch (error) {
    throw new Error("The browser runtime is not built; run `node tools/build-client.mjs`.", { cause: error });
  }
  // As tools/build-client.mjs names it.
  return { source, hash: createHash("sha256").update(source).digest("hex").slice(0, 16) };
}

/** What is served to everybody: the runtime without the chunk that is for development alone. */
export function withoutInspector({ chunks, ...core }: ClientBundle): ClientBundle {
  const { inspector: _inspector, ...others } = chunks ?? {};
  return { ...core, chunks: others };
}

/** Address of the browser runtime. */
export function clientPath({ hash }: ClientScript): string {
  return `/api/livecomponents/client.${hash}.js`;
}

/** All scripts of the browser runtime by their addresses. */
export function clientScripts(client: ClientBundle): ReadonlyMap<string, string> {
  const chunks = Object.entries(client.chunks ?? {}).map(
    ([name, { source, hash }]) => [`/api/livecomponents/client.${name}.${hash}.js`, source] as const,
  );
  return new Map([[clientPath(client), client.source], ...chunks]);
}
