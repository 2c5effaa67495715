/**
 * An element of the page.
 * @throws {TypeError} when it is not there
 */
export function find(selector: string, within: ParentNode = document): HTMLElement {
  const found = within.querySelector<HTMLElement>(selector);
  if (found === null) throw new TypeError(`The page has no ${selector}.`);
  return found;
}
