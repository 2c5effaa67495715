import { Hono, type Context } from "hono";
import { z } from "zod";
import type { Inbound } from "../../http/inbound.ts";
import { problems } from "../../kernel/problems.ts";
import {
  EMPTY_JOIN_TOKEN,
  JOIN_TOKENS_PATH,
  JoinTokenRow,
  JoinTokenRows,
  joinTokenPage,
  MadeJoinToken,
  oneJoinTokenPage,
  type JoinTokenPageParts,
  type TypedJoinToken,
} from "./join-token-page.ts";
import type { PageContent } from "../page-content.ts";
import type { PageParts } from "../page-parts.ts";
import { takeForm } from "../sent-form.ts";

type Fields = URLSearchParams;

/** Forms of the page by the last part of their address: the action, and its input. */
const STEPS: Readonly<Record<string, readonly [action: string, input: (fields: Fields) => unknown]>> = {
  create: ["join-tokens.create", newToken],
  rotate: ["join-tokens.rotate", (fields) => ({ id: fields.get("id") ?? "" })],
  revoke: ["join-tokens.revoke", (fields) => ({ id: fields.get("id") ?? "" })],
  print: ["join-tokens.print", (fields) => ({ id: fields.get("id") ?? "", format: "svg" })],
};

const Usage = z.object({
  from: z.number(),
  to: z.number(),
  buckets: z.array(
    z.object({
      ...{ start: z.number(), views: z.number(), joins: z.number(), uploads: z.number(), bytes: z.number() },
      ...{ sessions: z.number(), refusedExpired: z.number(), refusedRevoked: z.number() },
      ...{ refusedFull: z.number(), refusedLimited: z.number() },
    }),
  ),
});

/** The pages of join tokens, and the forms on them. */
export function joinTokenRoutes(parts: PageParts): Hono {
  const app = new Hono();
  app.get(JOIN_TOKENS_PATH, (context) => parts.show(context, (inbound) => list(parts, inbound)));
  app.get(`${JOIN_TOKENS_PATH}/:id`, (context) =>
    parts.show(context, (inbound) => one(parts, inbound, context.req.param("id") ?? "")),
  );
  app.post(`${JOIN_TOKENS_PATH}/:step`, (context, next) => {
    const name = context.req.param("step");
    const step = Object.hasOwn(STEPS, name) ? STEPS[name] : undefined;
    return step === undefined ? next() : take(parts, context, step);
  });
  return app;
}

type Shown = Partial<Pick<JoinTokenPageParts, "typed" | "violations" | "made">>;

const PAGE = {
  title: "Join tokens",
  lead: "By which guests come in to events: who has the link or scans the code.",
  path: JOIN_TOKENS_PATH,
};

async function list(parts: PageParts, inbound: Inbound, shown: Shown = {}): Promise<PageContent> {
  const { tokens } = JoinTokenRows.parse(await parts.ask(inbound, { action: "join-tokens.list" }));
  const { typed = EMPTY_JOIN_TOKEN, violations = [], made } = shown;
  const csrfToken = parts.edge.csrfToken(inbound);
  const body = joinTokenPage({ tokens, now: inbound.receivedAt, csrfToken, typed, violations, made });
  return violations.length === 0 ? { ...PAGE, body } : { ...PAGE, body, status: problems.VALIDATION_ERROR.status };
}

async function one(parts: PageParts, inbound: Inbound, id: string): Promise<PageContent> {
  const input = { id };
  const token = JoinTokenRow.parse(await parts.ask(inbound, { action: "join-tokens.show", input }));
  const usage = Usage.parse(await parts.ask(inbound, { action: "join-tokens.usage", input }));
  const csrfToken = parts.edge.csrfToken(inbound);
  return { ...PAGE, body: oneJoinTokenPage({ token, usage, now: inbound.receivedAt, csrfToken }) };
}

function take(
  parts: PageParts,
  context: Context,
  [action, inputOf]: readonly [string, (fields: Fields) => unknown],
): Promise<Response> {
  return takeForm(parts, context, {
    ...{ action, input: inputOf },
    mend: ({ denial: { problem, violations = [] }, texts }) =>
      problem === problems.VALIDATION_ERROR
        ? (inbound) => list(parts, inbound, { typed: typedIn(texts), violations })
        : undefined,
    done: (value) => {
      const { success, data: made } = MadeJoinToken.safeParse(value);
      return success ? (inbound) => list(parts, inbound, { made }) : JOIN_TOKENS_PATH;
    },
  });
}

function newToken(fields: Fields): unknown {
  const { collection, label, scopes, days, guests, once } = typedIn(fields);
  return {
    ...{ collection, label, scopes, kind: once ? "once" : "derived" },
    ...(days === "" ? {} : { days: numberOf(days) }),
    ...(guests === "" ? {} : { guests: numberOf(guests) }),
  };
}

function numberOf(text: string): unknown {
  return /^\d{1,9}$/.test(text) ? Number(text) : text;
}

function typedIn(fields: Fields): TypedJoinToken {
  const read = (name: string): string => (fields.get(name) ?? "").trim().slice(0, 500);
  return {
    ...{ collection: read("collection"), label: read("label"), days: read("days"), guests: read("guests") },
    scopes: ["view", "upload", "download", "moderate"].filter((scope) => fields.get(`scope-${scope}`) === "true"),
    once: fields.get("once") === "true",
  };
}
