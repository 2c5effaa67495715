import { plain } from "./element.ts";

interface Run {
  readonly end: Node;
  readonly place: number;
  readonly before: Run | undefined;
}

/**
 * The nodes that can stay where they are in `parent` for `nodes` to be in order there: as many as possible, since
 * what moves can lose state.
 */
export function settled(parent: Node, nodes: readonly Node[]): ReadonlySet<Node> {
  const places = new Map<Node, number>([...plain(parent).childNodes].map((child, place) => [child, place]));
  // The shortest end of a rising run of each length.
  const runs: Run[] = [];
  for (const node of nodes) {
    const place = places.get(node);
    if (place === undefined) continue;
    let [low, high] = [0, runs.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((runs[middle]?.place ?? 0) < place) low = middle + 1;
      else high = middle;
    }
    runs[low] = { end: node, place, before: runs[low - 1] };
  }
  const found = new Set<Node>();
  for (let run = runs.at(-1); run !== undefined; run = run.before) found.add(run.end);
  return found;
}

/** Puts a node before another; without losing focus, playback or frames where the browser can move. */
export function put(
  parent: Node & { moveBefore?(node: Node, before: Node | null): void },
  node: Node,
  before: Node | null,
): void {
  const own = plain(parent);
  if (plain(node).isConnected && own.isConnected && own.moveBefore !== undefined) own.moveBefore(node, before);
  else own.insertBefore(node, before);
}
