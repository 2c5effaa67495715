/** The two kinds of answer the entrance can give. */
export type Accepts = "json" | "html";

/**
 * Which kind of answer a caller prefers (RFC 9110 section 12.5.1). Pages go to whoever names `text/html`
 * and does not rate JSON higher; everyone else, `*` included, gets JSON.
 */
export function negotiate(accept: string | null): Accepts {
  if (accept === null || !accept.includes("text/html")) return "json";
  let html = 0;
  let json = 0;
  for (const range of accept.split(",", 32)) {
    const [type = "", ...parameters] = range.split(";", 8).map((part) => part.trim().toLowerCase());
    if (type === "text/html") html = Math.max(html, weightOf(parameters));
    else if (type === "application/json" || type.endsWith("+json")) json = Math.max(json, weightOf(parameters));
  }
  return html > 0 && html >= json ? "html" : "json";
}

function weightOf(parameters: readonly string[]): number {
  const weight = parameters.find((parameter) => parameter.startsWith("q="));
  if (weight === undefined) return 1;
  return /^q=(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(weight) ? Number(weight.slice(2)) : 0;
}
