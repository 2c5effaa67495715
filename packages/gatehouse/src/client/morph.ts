import { is, isField, isTick, plain } from "./element.ts";
import { keepRadios, updateField, updateList } from "./fields.ts";
import { keepFocus } from "./focus.ts";
import { put, settled } from "./place.ts";
import { isPristine, remember, rememberAs, renderingOf, type Rendering } from "./rendering.ts";

/**
 * Brings the content of `target` from what the server last rendered to `source`: exactly what the server has
 * changed is changed, and everything that people, browsers and other scripts have done to the page since stays.
 * Elements are the same when they have the same `data-key` or `id`, fields the same name, others the same order.
 * Elements marked `data-live-keep`, and components inside this one, are left alone.
 */
export function morph(target: HTMLElement, source: ParentNode & Node): void {
  keepFocus(target, () => keepRadios(target, () => morphChildren(target, source)));
}

/** The same for an element itself, attributes included. */
export function morphElement(target: HTMLElement, source: Element): void {
  keepFocus(target, () => keepRadios(target, () => morphNode(target, source)));
}

/** What tells a node among its siblings. */
function identity(node: Node): string {
  let key: string | null = null;
  if (node instanceof Element) {
    const own = plain(node);
    const component = own.getAttribute("data-live");
    // Keys and ids may be texts of visitors; none of them is the name of a component.
    if (component !== null) return `#component ${component}`;
    key = own.getAttribute("data-key") ?? (own.id || null);
  }
  if (is(node, "option")) key ??= node.value;
  if (isField(node)) key ??= node.name + (isTick(node) ? node.value : "");
  return `${plain(node).nodeName} ${key}`;
}

function morphChildren(parent: Node, source: Node): void {
  const { children: last } = remember(parent);
  const fresh = [...plain(source).childNodes];
  const matches = match(last, fresh);
  const substitutes = substitutesIn(parent, last);
  const wanted = new Set(matches.values());
  for (const node of last) {
    if (wanted.has(node)) continue;
    substitutes.get(node)?.remove();
    const { parentNode } = plain(node);
    if (parentNode !== null) plain(parentNode).removeChild(node);
  }
  const children = fresh.map((child) => matches.get(child) ?? child);
  const shown = children.map((node, index) => {
    const substitute = substitutes.get(node);
    if (substitute !== undefined && renderingOf(node)?.text === fresh[index]?.nodeValue) return substitute;
    remember(node);
    substitute?.replaceWith(node);
    return node;
  });
  arrange(parent, shown);
  for (const [child, node] of matches) morphNode(node, child);
  rememberAs(parent, source, children);
}

/** The nodes there are for new ones. Text goes with what it follows. */
function match(last: readonly Node[], fresh: readonly Node[]): ReadonlyMap<Node, Node> {
  const matches = new Map<Node, Node>();
  const pool = new Map<string, Node[]>();
  const followers = new Map<Node | null, Node>();
  let before: Node | null = null;
  for (const node of last) {
    const name = identity(node);
    const same = pool.get(name) ?? [];
    same.push(node);
    pool.set(name, same);
    followers.set(before, node);
    before = node;
  }
  before = null;
  for (const child of fresh) {
    const follower = followers.get(before);
    const node = child instanceof Text ? follower : pool.get(identity(child))?.shift();
    if (node !== undefined && plain(node).nodeName === plain(child).nodeName) matches.set(child, node);
    before = matches.get(child) ?? child;
  }
  return matches;
}

/**
 * What others have put where text of the server was: translations, marks around words, text of scripts. What else
 * they have put there in exchange for content of the server goes.
 */
function substitutesIn(parent: Node, last: readonly Node[]): ReadonlyMap<Node, ChildNode> {
  const found = new Map<Node, ChildNode>();
  const present = new Set(last.filter((node) => plain(node).parentNode === parent));
  if (present.size === last.length) return found;
  let place: Node | undefined;
  const others = new Set([...plain(parent).childNodes].filter(isForeign));
  for (const node of last) {
    const substitute = place === undefined ? plain(parent).firstChild : plain(place).nextSibling;
    if (present.has(node)) place = node;
    else if (node instanceof Text && substitute !== null && others.delete(substitute)) {
      found.set(node, substitute);
      place = substitute;
    }
  }
  for (const node of others)
    if (present.size === 0 || /^(#text|FONT)$/.test(plain(node).nodeName)) plain(node).remove();
  return found;
}

function isForeign(node: Node): boolean {
  return renderingOf(node) === undefined;
}

/** Puts nodes in order. What others have added stays behind what it was added to. */
function arrange(parent: Node, nodes: readonly Node[]): void {
  const stay = settled(parent, nodes);
  const own = new Set(nodes);
  let next = plain(parent).firstChild;
  for (const node of nodes) {
    if (!stay.has(node) && next !== node) put(parent, node, next);
    next = plain(node).nextSibling;
    while (next !== null && isForeign(next) && !own.has(next)) next = plain(next).nextSibling;
  }
}

function morphNode(target: Node, source: Node): void {
  const { text, attributes: last, children } = remember(target);
  if (!(target instanceof Element) || !(source instanceof Element)) {
    if (text !== source.nodeValue) target.nodeValue = source.nodeValue;
    rememberAs(target, source, children);
    return;
  }
  if (plain(target).matches("[data-live], [data-live-keep]")) return;
  rememberAs(target, source, children);
  const attributes = (): void => morphAttributes(target, last, source);
  const content = (): void => {
    attributes();
    if (!(target instanceof HTMLElement && plain(target).isContentEditable) || isPristine(target))
      morphChildren(target, source);
  };
  if (is(target, "select")) updateList(target, content);
  else if (is(target, "input")) updateField(target, attributes);
  else if (is(target, "textarea") && is(source, "textarea")) {
    updateField(target, () => {
      attributes();
      if (target.defaultValue !== source.defaultValue) target.defaultValue = source.defaultValue;
    });
  } else content();
}

/** Sets what the server has changed. Of classes it exchanges its own; those of others stay. */
function morphAttributes(element: Element, last: Rendering["attributes"], rendered: Element): void {
  const [target, source] = [plain(element), plain(rendered)];
  const { classList } = target;
  for (const name of new Set([...last.keys(), ...source.getAttributeNames()])) {
    const before = last.get(name) ?? null;
    const after = source.getAttribute(name);
    if (before === after || after === target.getAttribute(name)) continue;
    if (name === "class") {
      classList.remove(...(before?.match(/\S+/g) ?? []));
      classList.add(...source.classList);
      if (classList.length === 0) target.removeAttribute(name);
    } else if (after !== null) target.setAttribute(name, after);
    else if (name === "open" && is(element, "dialog")) element.close();
    else target.removeAttribute(name);
  }
}
