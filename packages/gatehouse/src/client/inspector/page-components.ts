/** A component of the page, as its element shows it. */
export interface PageComponent {
  /** Name and instance: `cart:main`. */
  readonly id: string;
  readonly name: string;
  readonly instance: string;
  readonly root: HTMLElement;
  /** The component it is in. */
  readonly parent: string | undefined;
  readonly depth: number;
  /** `undefined` while it has not been loaded. */
  readonly version: number | undefined;
  /** Bytes of the sealed state in the page. */
  readonly sealed: number;
  /** When it is loaded, where it still waits for that. */
  readonly loads: string | undefined;
  /** Seconds between polls. */
  readonly poll: string | undefined;
  readonly followsNews: boolean;
  readonly busy: boolean;
}

const DEEPEST = 6;

/** The components of the page, in its order. Nothing about them is touched. */
export function pageComponents(): PageComponent[] {
  return [...document.querySelectorAll<HTMLElement>("[data-live]")].map(read);
}

function read(root: HTMLElement): PageComponent {
  const { live: id = "", liveVersion, liveSeed = "", liveLoad, livePoll, liveTopics } = root.dataset;
  const [name = "", instance = ""] = id.split(/:(.*)/s);
  const above = parents(root);
  return {
    ...{ id, name, instance, root, parent: above[0], depth: Math.min(above.length, DEEPEST) },
    version: liveVersion === undefined ? undefined : Number(liveVersion),
    // Base64, so that each character is a byte.
    sealed: liveSeed.length,
    loads: liveLoad,
    poll: livePoll,
    followsNews: liveTopics !== undefined,
    busy: liveLoad === undefined && root.hasAttribute("aria-busy"),
  };
}

function parents(root: HTMLElement): string[] {
  const found: string[] = [];
  for (let at = closest(root); at !== null; at = closest(at)) found.push(at.dataset["live"] ?? "");
  return found;
}

function closest({ parentElement }: HTMLElement): HTMLElement | null {
  return parentElement?.closest<HTMLElement>("[data-live]") ?? null;
}
