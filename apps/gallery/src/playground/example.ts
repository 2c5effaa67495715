import type { Services } from "gatehouse";
import type { Migration, WriteTransaction } from "gatehouse/kernel";
import type { AnyLiveComponent } from "gatehouse/live";
import type { Hono } from "hono";

/** One worked example of the playground: a component, and what is said about it. Each is a file of its own. */
export interface Example {
  /** Its address below `/playground/`. */
  readonly slug: string;
  readonly title: string;
  /** What it is, in a sentence for its card. */
  readonly summary: string;
  /** The parts of the library it shows, a few words each. */
  readonly shows: readonly string[];
  /** What to try. */
  readonly tasks: readonly string[];
  /** The file it is in, as `import.meta.url`: its source is shown below it. */
  readonly source: string;
  /** The name of a script of its own among the assets, for what only a script can do. */
  readonly script?: string;
  /** Its tables. A migration that was released is never edited. */
  readonly migrations?: readonly Migration[];
  /** Fills its empty tables in development. Runs in one transaction with those of the others. */
  readonly seed?: (transaction: WriteTransaction, surroundings: Surroundings) => Promise<void>;
  /** The running example. */
  readonly open: (services: Pick<Services, "ids" | "uploads">) => AnyLiveComponent;
  /** Routes of its own, for what pages cannot contain. */
  readonly routes?: (services: Pick<Services, "edge" | "store" | "uploads">) => Hono;
}

/** Where and when tables are filled. */
export interface Surroundings extends Pick<Services, "ids"> {
  readonly tenant: string;
  /** Epoch milliseconds. */
  readonly now: number;
}
