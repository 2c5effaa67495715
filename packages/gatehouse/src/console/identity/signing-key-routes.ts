import { Hono, type Context } from "hono";
import { html } from "../../html/html.ts";
import type { Inbound } from "../../http/inbound.ts";
import { problems } from "../../kernel/problems.ts";
import type { PageContent } from "../page-content.ts";
import type { PageParts } from "../page-parts.ts";
import { switchedOff } from "../switched-off.ts";
import {
  compromisePage,
  SIGNING_KEYS_PATH,
  SigningKeyRows,
  signingKeyPage,
  type SigningKeyFormParts,
} from "./signing-key-page.ts";
import { takeForm } from "../sent-form.ts";

interface Step {
  readonly verb: "rotate" | "prune" | "compromise";
  readonly done: string;
  readonly input: (fields: URLSearchParams) => Readonly<Record<string, unknown>>;
}

const STEPS: readonly Step[] = [
  { verb: "rotate", done: "rotated", input: (fields) => ({ now: fields.get("now") === "true" }) },
  { verb: "prune", done: "pruned", input: () => ({}) },
  { verb: "compromise", done: "compromised", input: (fields) => ({ kid: fields.get("kid") ?? "" }) },
];

/** The page of signing keys, and the forms that rotate, prune and withdraw them. */
export function signingKeyRoutes(parts: PageParts): Hono {
  const app = new Hono();
  const isOffered = (): boolean => parts.isOffered("oauth.keys.list");
  app.get(SIGNING_KEYS_PATH, (context) =>
    parts.show(context, (inbound) => (isOffered() ? list(parts, inbound) : switchedOff(parts, inbound, PAGE))),
  );
  app.get(`${SIGNING_KEYS_PATH}/compromise`, (context, next) =>
    isOffered() ? parts.show(context, (inbound) => confirm(parts, inbound)) : next(),
  );
  for (const step of STEPS) {
    app.post(`${SIGNING_KEYS_PATH}/${step.verb}`, (context, next) =>
      isOffered() ? perform(parts, context, step) : next(),
    );
  }
  return app;
}

const PAGE = {
  title: "Signing keys",
  lead: "The keys that tokens are signed with: since when, how much they were used, and which can go.",
  path: SIGNING_KEYS_PATH,
};

async function list(parts: PageParts, inbound: Inbound): Promise<PageContent> {
  const found = SigningKeyRows.parse(await parts.ask(inbound, { action: "oauth.keys.list" }));
  const done = inbound.url.searchParams.get("done") ?? undefined;
  return { ...PAGE, body: signingKeyPage({ found, done, ...formOf(parts, inbound) }) };
}

async function confirm(parts: PageParts, inbound: Inbound): Promise<PageContent> {
  const { keys } = SigningKeyRows.parse(await parts.ask(inbound, { action: "oauth.keys.list" }));
  const kid = inbound.url.searchParams.get("kid");
  const page = {
    title: "Withdraw a signing key",
    lead: "For a key that somebody else may have. Rotating is enough for one that is merely old.",
    path: SIGNING_KEYS_PATH,
  };
  const meant = keys.find((key) => key.kid === kid);
  if (meant !== undefined) return { ...page, body: compromisePage(meant.kid, formOf(parts, inbound)) };
  return { ...page, status: problems.NOT_FOUND.status, body: html`<p class="empty">There is no such key.</p>` };
}

function formOf({ edge, ids }: PageParts, inbound: Inbound): SigningKeyFormParts {
  return { csrfToken: edge.csrfToken(inbound), idempotencyKey: ids.next() };
}

function perform(parts: PageParts, context: Context, { verb, done, input }: Step): Promise<Response> {
  return takeForm(parts, context, {
    ...{ action: `oauth.keys.${verb}`, input },
    done: `${SIGNING_KEYS_PATH}?done=${done}`,
  });
}
