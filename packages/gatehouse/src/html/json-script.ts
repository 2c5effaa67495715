import { writeAttribute } from "./attribute.ts";
import { escapeJson } from "./escape.ts";
import { trustedHtml, type TrustedHtml } from "./html.ts";

/**
 * Data for a script of the page: `<script type="application/json" id=...>`. The text cannot end the
 * element whatever the value contains; read it with `JSON.parse(element.textContent)`.
 * @param nonce the response's CSP nonce, where its policy asks one of data blocks too
 * @throws {TypeError} when the value has no JSON form
 */
export function jsonScript(id: string, value: unknown, nonce?: string): TrustedHtml {
  const json: unknown = JSON.stringify(value);
  if (typeof json !== "string") throw new TypeError("Only JSON values can be put into a page.");
  const attributes = [
    'type="application/json"',
    writeAttribute("id", "plain", id),
    writeAttribute("nonce", "plain", nonce),
  ];
  const opening = `<script ${attributes.filter((text) => text !== "").join(" ")}>`;
  return trustedHtml(`${opening}${escapeJson(json)}</script>`, "JSON in which < > & and line separators are escaped");
}
