/** The part of Trusted Types that is used here; not every browser has it. */
interface PolicyFactory {
  createPolicy(name: string, rules: { createHTML(text: string): string }): { createHTML(text: string): string };
}

declare global {
  interface Window {
    readonly trustedTypes?: PolicyFactory;
  }
}

const policy = window.trustedTypes?.createPolicy("gatehouse", { createHTML: (text) => text });

/**
 * The elements of a text that the server has rendered. They are inert: nothing loads and no script runs
 * before they are put into the page, and scripts among them not even then.
 */
export function parseHtml(text: string): DocumentFragment {
  const template = document.createElement("template");
  template.innerHTML = policy === undefined ? text : policy.createHTML(text);
  return template.content;
}
