import { announce } from "./announcer.ts";
import { componentById, componentsBy, type LiveComponent } from "./component.ts";
import { refresh } from "./loader.ts";
import { currentToken, refreshToken, setToken } from "./token.ts";
import { fraction, wire } from "./transport.ts";

/** Hashes of the chunks by name; the bundler puts them here. */
declare const CHUNKS: Readonly<Record<string, string>>;

/** What the core lends to its chunks, so that there is one of each on the page. */
export interface CoreParts {
  readonly announce: (text: string) => void;
  readonly componentById: (id: string) => LiveComponent | undefined;
  readonly componentsBy: (selector: string) => LiveComponent[];
  readonly currentToken: () => string;
  readonly fraction: () => number;
  readonly refresh: (components: readonly LiveComponent[]) => Promise<boolean>;
  readonly refreshToken: () => Promise<boolean>;
  readonly setToken: (token: string) => void;
  readonly wire: typeof wire;
}

/** What every chunk exports. */
interface Chunk {
  readonly start: (core: CoreParts) => void;
}

const core = { announce, componentById, componentsBy, currentToken, fraction, refresh, refreshToken, setToken, wire };
/** What on a page has a chunk loaded. */
const MARKS: Readonly<Record<string, string>> = {
  inspector: "[name=live-inspector]",
  push: "[data-live-topics]",
  upload: "[data-live-upload]",
};
const loaded = new Set<string>();

/** Loads the chunks that something on the page is marked for. */
export function loadChunks(): void {
  for (const [name, hash] of Object.entries(CHUNKS)) {
    const mark = MARKS[name];
    if (mark === undefined || loaded.has(name) || document.querySelector(mark) === null) continue;
    loaded.add(name);
    const path = `./client.${name}.${hash}.js`;
    import(path).then(
      ({ start }: Chunk) => start(core),
      () => loaded.delete(name),
    );
  }
}
