import { parse, parseFragment, type DefaultTreeAdapterMap } from "parse5";

/** Parsed HTML as plain data: texts, and `[name, attributes, ...children]`. */
export type Tree = string | readonly [name: string, attributes: Readonly<Record<string, string>>, ...children: Tree[]];

type Node = DefaultTreeAdapterMap["node"];

/** What an independent parser makes of a part of a page; as browsers do with and without scripts. */
export function treeOf(text: string, scriptingEnabled = true): readonly Tree[] {
  return childrenOf(parseFragment(text, { scriptingEnabled }));
}

/** What it makes of a whole page. */
export function documentOf(text: string, scriptingEnabled = true): readonly Tree[] {
  return childrenOf(parse(text, { scriptingEnabled }));
}

function childrenOf(node: Node): readonly Tree[] {
  if ("content" in node) return childrenOf(node.content);
  return "childNodes" in node ? node.childNodes.map(treeOfNode) : [];
}

function treeOfNode(node: Node): Tree {
  if ("value" in node) return node.value;
  if (!("tagName" in node)) return [node.nodeName, {}, ...childrenOf(node)];
  // A namespace that is not HTML is part of the name: elements of one name differ between namespaces.
  const name = node.namespaceURI.endsWith("xhtml") ? node.tagName : `${node.namespaceURI} ${node.tagName}`;
  const attributes = node.attrs.map((attribute) => [attribute.name, attribute.value] as const);
  return [name, Object.fromEntries(attributes), ...childrenOf(node)];
}

/** The same tree with other texts and values of attributes. */
export function mapTexts(trees: readonly Tree[], change: (text: string) => string): readonly Tree[] {
  return trees.map((tree) => {
    if (typeof tree === "string") return change(tree);
    const [name, attributes, ...children] = tree;
    const changed = Object.entries(attributes).map(([key, value]) => [key, change(value)] as const);
    return [name, Object.fromEntries(changed), ...mapTexts(children, change)];
  });
}

/** Every element of a tree. */
export function* elementsOf(
  trees: readonly Tree[],
): Generator<{ readonly name: string; readonly attributes: Readonly<Record<string, string>>; readonly text: string }> {
  for (const tree of trees) {
    if (typeof tree === "string") continue;
    const [name, attributes, ...children] = tree;
    yield { name, attributes, text: children.filter((child) => typeof child === "string").join("") };
    yield* elementsOf(children);
  }
}

/** A text as a document can hold it: HTML has no NUL. */
export function asHeld(text: string): string {
  return text.replaceAll("\0", "\uFFFD");
}
