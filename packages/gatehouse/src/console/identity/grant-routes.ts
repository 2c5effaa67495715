import { Hono, type Context } from "hono";
import type { Inbound } from "../../http/inbound.ts";
import type { Violation } from "../../kernel/outcome.ts";
import { problems } from "../../kernel/problems.ts";
import {
  grantListing,
  GRANTS_PATH,
  grantsAddress,
  readGrantFilter,
  selectionOf,
  type GrantFilter,
} from "./grant-filter.ts";
import { grantPage, GrantRows } from "./grant-page.ts";
import type { PageContent } from "../page-content.ts";
import type { PageParts } from "../page-parts.ts";
import { switchedOff } from "../switched-off.ts";
import { attemptForm } from "../sent-form.ts";

interface Refused {
  readonly filter: GrantFilter;
  readonly reason: string;
  readonly violations: readonly Violation[];
}

/** The page of grants: what people have allowed clients, and the form that ends it. */
export function grantRoutes(parts: PageParts): Hono {
  const app = new Hono();
  app.get(GRANTS_PATH, (context) => parts.show(context, (inbound) => grants(parts, inbound)));
  app.post(GRANTS_PATH, (context, next) => (parts.isOffered("grants.list") ? revoke(parts, context) : next()));
  return app;
}

async function grants(parts: PageParts, inbound: Inbound, refused?: Refused): Promise<PageContent> {
  const page = {
    title: "Grants",
    lead: "What people have allowed clients, where it is used from, and why it ended.",
    path: GRANTS_PATH,
  };
  if (!parts.isOffered("grants.list")) return switchedOff(parts, inbound, page);
  const filter = refused?.filter ?? readGrantFilter(inbound.url.searchParams);
  const made = {
    ...{ filter, reason: refused?.reason ?? "", csrfToken: parts.edge.csrfToken(inbound) },
    idempotencyKey: parts.ids.next(),
  };
  const outcome = await parts.edge.perform("grants.list", inbound, grantListing(filter));
  const unprocessable = problems.VALIDATION_ERROR;
  if (!outcome.ok && outcome.problem === unprocessable) {
    return {
      ...page,
      status: unprocessable.status,
      body: grantPage({ ...made, violations: outcome.violations ?? [] }),
    };
  }
  const found = GrantRows.parse(outcome.ok ? outcome.value : await parts.ask(inbound, { action: "grants.list" }));
  const body = grantPage({ ...made, found, violations: refused?.violations ?? [] });
  return refused === undefined ? { ...page, body } : { ...page, body, status: unprocessable.status };
}

async function revoke(parts: PageParts, context: Context): Promise<Response> {
  const { edge } = parts;
  const inbound = edge.of(context);
  const reasonIn = (texts: URLSearchParams): string => texts.get("reason") ?? "";
  const input = (texts: URLSearchParams): object => ({
    ...selectionOf(readGrantFilter(texts)),
    reason: reasonIn(texts),
  });
  const { outcome, texts } = await attemptForm(edge, inbound, { action: "grants.revoke", input });
  const [filter, reason] = [readGrantFilter(texts), reasonIn(texts)];
  if (outcome.ok) return edge.redirect(inbound, grantsAddress({ ...filter, state: "ended" }));
  const { problem, violations = [] } = outcome;
  if (problem !== problems.VALIDATION_ERROR || inbound.accepts !== "html") return parts.refuse(inbound, outcome);
  return parts.show(context, () => grants(parts, inbound, { filter, reason, violations }));
}
