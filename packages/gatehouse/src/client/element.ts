/** A control that holds what a person enters. */
export type Field = HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement;

/**
 * A node with its properties as the browser has them. Those of a form are otherwise its fields, where these have such
 * names: of a form with a field `action`, `childNodes` or `closest`, that is what the field is found by.
 */
export function plain<Target extends Node>(node: Target): Target {
  if (!(node instanceof HTMLFormElement)) return node;
  return new Proxy(node, {
    get(form, name) {
      const value: unknown = Reflect.get(HTMLFormElement.prototype, name, form);
      return value instanceof Function ? (...given: unknown[]): unknown => Reflect.apply(value, form, given) : value;
    },
  });
}

/** Whether a node is an element of one of these names. */
export function is<Name extends keyof HTMLElementTagNameMap>(
  node: unknown,
  ...names: readonly Name[]
): node is HTMLElementTagNameMap[Name] {
  return node instanceof HTMLElement && names.some((name) => name === plain(node).localName);
}

/** Whether a node is a control that holds what a person enters. */
export function isField(node: unknown): node is Field {
  return is(node, "input", "textarea", "select");
}

/** Whether a control is a box or a radio button. */
export function isTick(field: Field): field is HTMLInputElement {
  return /^(checkbox|radio)$/.test(field.type);
}
