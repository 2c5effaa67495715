import { plain } from "./element.ts";

/** What the server last said of a node. Everything else about the node is somebody else's. */
export interface Rendering {
  readonly attributes: ReadonlyMap<string, string>;
  readonly text: string | null;
  readonly children: readonly Node[];
}

const renderings = new WeakMap<Node, Rendering>();

/** What the server last said of a node; `undefined` for what the page, a browser extension or a person has added. */
export function renderingOf(node: Node): Rendering | undefined {
  return renderings.get(node);
}

/** Takes a node, and everything in it not yet known, for what the server has rendered. */
export function remember(node: Node): Rendering {
  const known = renderings.get(node);
  if (known !== undefined) return known;
  const { childNodes } = plain(node);
  for (const child of childNodes) remember(child);
  return rememberAs(node, node, [...childNodes]);
}

/** Notes that `node` now stands for `source`, with these children. */
export function rememberAs(node: Node, source: Node, children: readonly Node[]): Rendering {
  const named = source instanceof Element ? plain(source).attributes : [];
  const attributes = new Map(Array.from(named, ({ name, value }) => [name, value]));
  const rendering = { attributes, text: plain(source).nodeValue, children };
  renderings.set(node, rendering);
  return rendering;
}

/** Whether the content of an element is as the server rendered it. */
export function isPristine(element: Node): boolean {
  const { text, children } = remember(element);
  const { nodeValue, childNodes } = plain(element);
  const isSame = (child: Node, index: number): boolean => child === childNodes[index] && isPristine(child);
  return text === nodeValue && children.length === childNodes.length && children.every(isSame);
}
