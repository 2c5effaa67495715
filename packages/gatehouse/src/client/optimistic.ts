import { plain } from "./element.ts";

/** What a press is expected to change about the element that was pressed: attributes, and its text. */
type Expectation = Readonly<Record<string, string>>;

/**
 * Shows at once what a press will probably come to; what comes back takes it back. The server's word follows in the
 * same breath, so that nobody sees the one between the two.
 */
export function preview(pressed: Element): (() => void) | undefined {
  const text = plain(pressed).getAttribute("data-live-expect");
  if (text === null) return undefined;
  // The server has written it from a record of texts.
  const expected = JSON.parse(text) as Expectation;
  const undo = Object.entries(expected).map(([name, value]) => set(pressed, name, value));
  return () => {
    for (const back of undo) back();
  };
}

function set(element: Element, name: string, value: string): () => void {
  if (name === "text") {
    const node = shownText(element);
    const before = node?.nodeValue ?? null;
    if (node !== undefined) node.nodeValue = value;
    return () => {
      if (node !== undefined) node.nodeValue = before;
    };
  }
  return setAttribute(element, name, value);
}

/** The first text of an element that is more than the space between others: its own, else one inside of it. */
function shownText(element: Element): Node | undefined {
  const isText = (node: Node): boolean => node instanceof Text && node.data.trim() !== "";
  const children = [...plain(element).childNodes];
  return (
    children.find(isText) ??
    children.flatMap((child) => (child instanceof HTMLElement ? (shownText(child) ?? []) : []))[0]
  );
}

/** Sets an attribute; the result takes it back to what it was. */
export function setAttribute(target: Element, name: string, value: string): () => void {
  const element = plain(target);
  const before = element.getAttribute(name);
  element.setAttribute(name, value);
  return () => {
    if (before === null) element.removeAttribute(name);
    else element.setAttribute(name, before);
  };
}
