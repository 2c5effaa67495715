export { html, Html, trustedHtml, TrustedHtml } from "./html/html.ts";
export type { Attributes, Content, Renderable, TemplateValue } from "./html/html.ts";
export type { AttributeValue } from "./html/attribute.ts";
export { renderToStream, renderToString } from "./html/render.ts";
export { jsonScript } from "./html/json-script.ts";
export { trustedUrl, TrustedUrl } from "./html/url.ts";
export { TemplateError } from "./html/template-error.ts";
