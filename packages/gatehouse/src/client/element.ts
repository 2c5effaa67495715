/** A control that holds what a person enters. */
export type Field = HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement;

/** Whether a node is an element of one of these names. */
export function is<Name extends keyof HTMLElementTagNameMap>(
  node: unknown,
  ...names: readonly Name[]
): node is HTMLElementTagNameMap[Name] {
  return node instanceof HTMLElement && names.some((name) => name === node.localName);
}

/** Whether a node is a control that holds what a person enters. */
export function isField(node: unknown): node is Field {
  return is(node, "input", "textarea", "select");
}

/** Whether a control is a box or a radio button. */
export function isTick(field: Field): field is HTMLInputElement {
  return /^(checkbox|radio)$/.test(field.type);
}
