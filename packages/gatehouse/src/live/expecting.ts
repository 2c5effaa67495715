import type { Attributes } from "../html/html.ts";

/** What a press will probably change about the button: attributes by name, and `text` for its text. */
export type Expectation = Readonly<Record<string, string>>;

const NAME = /^(text|class|title|hidden|aria-[a-z]+|data-[a-z-]+)$/;

/**
 * Has a button show at once what its action will probably come to: `<button ${act.like()} ${expecting({ "aria-pressed":
 * "true", text: "2 likes" })}>`. It is taken back when the answer is there, whatever the answer is.
 * @throws {TypeError} for attributes that do more than show something
 */
export function expecting(expectation: Expectation): Attributes {
  for (const name of Object.keys(expectation)) {
    if (!NAME.test(name))
      throw new TypeError(`The attribute "${name}" cannot be expected; only what shows something can.`);
  }
  return { "data-live-expect": JSON.stringify(expectation) };
}
