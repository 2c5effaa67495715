/** Whether `open` was set when the server last rendered an element; what a person did since stays. */
const renderedOpen = new WeakMap<Element, boolean>();

/** Notes what the server rendered as open, before a person can change it. */
export function noteOpen(root: Element): void {
  for (const element of root.querySelectorAll("details, dialog")) {
    if (!renderedOpen.has(element)) renderedOpen.set(element, element.hasAttribute("open"));
  }
}

/**
 * Makes the children of `target` those of `source` with as few changes as possible. Kept as they are:
 * focus and caret, what was typed or chosen since the last rendering, opened details and dialogs, scroll
 * positions, elements marked `data-live-keep`, and nested components. Elements are the same when they have
 * the same `id` or `data-key`, or else the same name in the same order.
 */
export function morph(target: Element, source: ParentNode & Node): void {
  const focused = document.activeElement;
  const selection = focused instanceof HTMLElement && target.contains(focused) ? selectionOf(focused) : undefined;
  morphChildren(target, source);
  noteOpen(target);
  if (selection !== undefined && focused instanceof HTMLElement && document.activeElement !== focused) {
    refocus(target, focused, selection);
  }
}

type Selection = readonly [number | null, number | null] | undefined;
const NO_SELECTION = [null, null] as const;

function selectionOf(element: HTMLElement): Selection {
  return isTextField(element) ? [element.selectionStart, element.selectionEnd] : NO_SELECTION;
}

function isTextField(element: Element): element is HTMLInputElement | HTMLTextAreaElement {
  return element instanceof HTMLTextAreaElement || element instanceof HTMLInputElement;
}

function refocus(target: Element, focused: HTMLElement, selection: Selection): void {
  const again = focused.isConnected ? focused : focused.id === "" ? null : document.getElementById(focused.id);
  if (again !== null) {
    again.focus({ preventScroll: true });
    const [start, end] = selection ?? NO_SELECTION;
    if (isTextField(again) && start !== null) again.setSelectionRange(start, end);
  } else if (target instanceof HTMLElement) {
    // What had the focus is gone: the component keeps the place in the page.
    target.tabIndex = -1;
    target.focus({ preventScroll: true });
  }
}

function morphChildren(target: Element, source: ParentNode & Node): void {
  const fresh = [...source.childNodes];
  const wanted = new Set(fresh.map(keyOf));
  const keyed = new Map<string, Node>();
  for (const child of target.childNodes) {
    const key = keyOf(child);
    if (key !== undefined) keyed.set(key, child);
  }
  const kept = new Set<Node>();
  let cursor = target.firstChild;
  for (const child of fresh) {
    // What is not wanted any more is passed over here and removed in the end, rather than moved ahead of.
    for (let key = keyOf(cursor); key !== undefined && !wanted.has(key); key = keyOf(cursor))
      cursor = cursor?.nextSibling ?? null;
    const match = findMatch(child, { keyed, cursor, kept });
    if (match === undefined) {
      target.insertBefore(child, cursor);
      kept.add(child);
      continue;
    }
    kept.add(match);
    if (match === cursor) cursor = match.nextSibling;
    else move(target, match, cursor);
    morphNode(match, child);
  }
  for (const child of [...target.childNodes]) {
    if (!kept.has(child) && !isKept(child)) child.remove();
  }
}

interface Candidates {
  readonly keyed: ReadonlyMap<string, Node>;
  readonly cursor: Node | null;
  readonly kept: ReadonlySet<Node>;
}

function findMatch(child: Node, { keyed, cursor, kept }: Candidates): Node | undefined {
  const key = keyOf(child);
  if (key !== undefined) {
    const match = keyed.get(key);
    return match?.nodeName === child.nodeName && !kept.has(match) ? match : undefined;
  }
  for (let candidate = cursor; candidate !== null; candidate = candidate.nextSibling) {
    if (!kept.has(candidate) && candidate.nodeName === child.nodeName && keyOf(candidate) === undefined)
      return candidate;
  }
  return undefined;
}

function keyOf(node: Node | null): string | undefined {
  if (!(node instanceof Element)) return undefined;
  return node.getAttribute("data-key") ?? (node.id || undefined);
}

function isKept(node: Node): boolean {
  return node instanceof Element && node.hasAttribute("data-live-keep");
}

/** Moves without losing focus, playback or frames where the browser can. */
function move(
  parent: Element & { moveBefore?(node: Node, before: Node | null): void },
  node: Node,
  before: Node | null,
): void {
  if (parent.moveBefore === undefined) parent.insertBefore(node, before);
  else parent.moveBefore(node, before);
}

function morphNode(target: Node, source: Node): void {
  if (!(target instanceof Element) || !(source instanceof Element)) {
    if (target.nodeValue !== source.nodeValue) target.nodeValue = source.nodeValue;
    return;
  }
  if (isKept(target)) return;
  const component = target.getAttribute("data-live");
  if (component !== null && component === source.getAttribute("data-live")) return;
  if (target instanceof HTMLTextAreaElement && source instanceof HTMLTextAreaElement) {
    morphAttributes(target, source);
    const untouched = target.value === target.defaultValue;
    if (target.defaultValue !== source.defaultValue) target.defaultValue = source.defaultValue;
    if (untouched && target.value !== target.defaultValue) target.value = target.defaultValue;
    return;
  }
  if (target instanceof HTMLInputElement && source instanceof HTMLInputElement) morphInput(target, source);
  else if (target instanceof HTMLOptionElement && source instanceof HTMLOptionElement) morphOption(target, source);
  else morphAttributes(target, source);
  morphChildren(target, source);
}

/** Three values decide: the server's last, the person's, the server's new one. What a person changed stays. */
function morphInput(target: HTMLInputElement, source: HTMLInputElement): void {
  const untouched = target.value === target.defaultValue;
  const unchecked = target.checked === target.defaultChecked;
  morphAttributes(target, source);
  if (target.type !== "file" && untouched && target.value !== target.defaultValue) target.value = target.defaultValue;
  if (unchecked && target.checked !== target.defaultChecked) target.checked = target.defaultChecked;
}

function morphOption(target: HTMLOptionElement, source: HTMLOptionElement): void {
  const untouched = target.selected === target.defaultSelected;
  morphAttributes(target, source);
  if (untouched && target.selected !== target.defaultSelected) target.selected = target.defaultSelected;
}

function morphAttributes(target: Element, source: Element): void {
  const openable = target instanceof HTMLDetailsElement || target instanceof HTMLDialogElement;
  for (const { name, value } of source.attributes) {
    if (openable && name === "open") continue;
    if (target.getAttribute(name) !== value) target.setAttribute(name, value);
  }
  for (const { name } of [...target.attributes]) {
    // Templates carry no styles; those of an element are the page's scripts' own.
    if ((openable && name === "open") || name === "style") continue;
    if (!source.hasAttribute(name)) target.removeAttribute(name);
  }
  if (openable) morphOpen(target, source.hasAttribute("open"));
}

function morphOpen(target: HTMLDetailsElement | HTMLDialogElement, open: boolean): void {
  const before = renderedOpen.get(target) ?? false;
  renderedOpen.set(target, open);
  if (open === before || open === target.open) return;
  if (target instanceof HTMLDialogElement && !open) target.close();
  else target.open = open;
}
