import { announce } from "./announcer.ts";
import { currentToken, refreshToken, setToken } from "./token.ts";

/** Hashes of the chunks by name; the bundler puts them here. */
declare const CHUNKS: Readonly<Record<string, string>>;

/** What the core lends to its chunks, so that there is one of each on the page. */
export interface CoreParts {
  readonly announce: (text: string) => void;
  readonly currentToken: () => string;
  readonly refreshToken: () => Promise<boolean>;
  readonly setToken: (token: string) => void;
}

/** What every chunk exports. */
export interface Chunk {
  readonly start: (core: CoreParts) => void;
}

const loaded = new Set<string>();

/** Loads the chunks that something on the page is marked for: `data-live-upload` has the chunk `upload` loaded. */
export function loadChunks(within: ParentNode): void {
  for (const [name, hash] of Object.entries(CHUNKS)) {
    if (loaded.has(name) || within.querySelector(`[data-live-${name}]`) === null) continue;
    loaded.add(name);
    const path = `./client.${name}.${hash}.js`;
    import(path).then(
      ({ start }: Chunk) => start({ announce, currentToken, refreshToken, setToken }),
      () => loaded.delete(name),
    );
  }
}
