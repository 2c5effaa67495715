import { html, type Html } from "../../html/html.ts";
import type { Inbound } from "../../http/inbound.ts";
import { EngineView, VIEW_TYPE } from "../engine/view.ts";
import { depart } from "./departure.ts";
import { formField } from "./field.ts";
import { hiddenFields, type Screen } from "./layout.ts";
import type { Pages } from "./pages.ts";
import { screenTexts, type ScreenWords } from "./texts.ts";

/** Makes pages of the engine's answers that people are to see. */
export type ShowAnswer = (inbound: Inbound, answer: Response) => Promise<Response>;

/** Shows what the engine has to show; every other answer stays as it is, and what answers a form leads on by a page. */
export function createViewRenderer(pages: Pages): ShowAnswer {
  return async (inbound, answer) => {
    const language = pages.languageFor(inbound, inbound.url.searchParams.get("ui_locales") ?? undefined);
    const location = answer.headers.get("location");
    if (location !== null && inbound.method === "POST" && inbound.accepts === "html") {
      return carryOver(answer, depart(pages, inbound, { location, language }));
    }
    if (answer.headers.get("content-type")?.startsWith(VIEW_TYPE) !== true) return answer;
    const view = EngineView.parse(await answer.json());
    const words = screenTexts[language];
    const { status, ...screen } = screenOf(view, {
      words,
      typed: typedCode(inbound),
      service: pages.themeOf(inbound).name,
    });
    const shown = { status: answer.status >= 400 ? answer.status : (status ?? 200) };
    return carryOver(answer, pages.show(inbound, { language, ...screen }, shown));
  };
}

interface ViewContext {
  readonly words: ScreenWords;
  /** The code that a device has put into the address. */
  readonly typed: string | undefined;
  readonly service: string;
}

function screenOf(view: EngineView, { words, typed, service }: ViewContext): Screen & { readonly status?: number } {
  switch (view.kind) {
    case "error":
      return errorScreen(words, view.error);
    case "logged-out":
      return { title: words.loggedOut, body: html`<p>${words.loggedOutWhy}</p>` };
    case "logout":
      return { title: words.logout, lead: words.logoutOf(service), body: logoutForms(words, view) };
    case "nobody":
      return { title: words.loggedOut, body: post(view, { logout: "yes" }, submit(words.goOn)) };
    case "other-account":
      return {
        ...{ title: words.otherAccount, lead: words.otherAccountWhy },
        body: post(view, { logout: "yes" }, submit(words.goOn)),
      };
    case "device-code":
      return codeScreen(words, view, view.code ?? typed);
    case "device-aborted":
      return { title: words.deviceAborted, body: html`<p>${words.deviceAbortedWhy}</p>` };
    case "device-confirm":
      return confirmScreen(words, view);
    case "device-done":
      return { title: words.deviceDone, body: html`<p>${words.deviceDoneWhy(view.client.name)}</p>` };
  }
}

function errorScreen(words: ScreenWords, code: string): Screen {
  const isOurs = code === "server_error";
  return {
    title: isOurs ? words.failed : words.requestRefused,
    refused: true,
    body: html`<p>${isOurs ? words.failedWhy : words.requestRefusedWhy}</p>
      <p class="quiet">${words.requestReference(code)}</p>`,
  };
}

type CodeView = Extract<EngineView, { readonly kind: "device-code" }>;

function codeScreen(
  words: ScreenWords,
  view: CodeView,
  code: string | undefined,
): Screen & { readonly status?: number } {
  const { fault } = view;
  const error = fault === "missing" ? words.userCodeMissing : words.userCodeWrong;
  const field = formField({
    ...{ name: "user_code", label: words.userCode, autocomplete: "off", code: true, focused: true, maxlength: 40 },
    ...(code === undefined ? {} : { value: code }),
    error: fault === undefined ? undefined : error,
  });
  return {
    ...{ title: words.device, lead: words.deviceWhy, refused: fault !== undefined, again: { action: view.action } },
    ...(fault === undefined ? {} : { status: 422 }),
    body: post(view, {}, html`${field} ${submit(words.goOn)}`),
  };
}

function confirmScreen(words: ScreenWords, view: Extract<EngineView, { readonly kind: "device-confirm" }>): Screen {
  const { client, code } = view;
  return {
    title: words.deviceConfirm(client.name),
    body: html`<p>${words.deviceSame}</p>
      <p class="user-code">${code}</p>
      <p class="note">${words.deviceDanger}</p>
      <div class="buttons">
        ${post(view, { user_code: code, confirm: "yes" }, submit(words.goOn))}
        ${post(view, { user_code: code, abort: "yes" }, submit(words.deviceAbort, "second"))}
      </div>`,
  };
}

function logoutForms(words: ScreenWords, view: Extract<EngineView, { readonly kind: "logout" }>): Html {
  return html`<div class="buttons">
    ${post(view, { logout: "yes" }, submit(words.logoutYes))} ${post(view, {}, submit(words.logoutNo, "second"))}
  </div>`;
}

function post(
  { action, xsrf }: { readonly action: string; readonly xsrf: string },
  fields: Readonly<Record<string, string>>,
  body: Html,
): Html {
  return html`<form method="post" action="${action}">${hiddenFields({ xsrf, ...fields })} ${body}</form>`;
}

function submit(label: string, kind: "" | "second" = ""): Html {
  return html`<button class="${kind === "" ? "button" : "button second"}" type="submit">${label}</button>`;
}

function typedCode({ url }: Inbound): string | undefined {
  return url.searchParams.get("user_code")?.slice(0, 40);
}

/** Cookies and limits of the engine's answer belong to the page that is shown in its place. */
function carryOver(answer: Response, page: Response): Response {
  for (const [name, value] of answer.headers) {
    if (name === "set-cookie" || name === "retry-after" || /ratelimit/.test(name)) page.headers.append(name, value);
  }
  return page;
}
