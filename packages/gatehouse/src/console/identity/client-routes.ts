import { Hono, type Context } from "hono";
import type { Inbound } from "../../http/inbound.ts";
import { problems } from "../../kernel/problems.ts";
import {
  ClientRows,
  clientPage,
  CLIENTS_PATH,
  EMPTY_CLIENT,
  MadeSecret,
  TokenRows,
  type ClientPageParts,
  type TypedClient,
} from "./client-page.ts";
import type { PageContent } from "../page-content.ts";
import type { PageParts } from "../page-parts.ts";
import { switchedOff } from "../switched-off.ts";
import { takeForm } from "../sent-form.ts";

type Fields = Pick<URLSearchParams, "get">;

/** Forms of the page by the last part of their address: the action, and its input. */
const STEPS: Readonly<Record<string, readonly [action: string, input: (fields: Fields) => unknown]>> = {
  create: ["clients.create", newClient],
  "rotate-secret": ["clients.rotate-secret", which],
  disable: ["clients.disable", which],
  enable: ["clients.enable", which],
  delete: ["clients.delete", which],
  "issue-token": ["registration-tokens.issue", newToken],
  "revoke-token": ["registration-tokens.revoke", which],
};

/** The page of clients, and the forms on it. */
export function clientRoutes(parts: PageParts): Hono {
  const app = new Hono();
  app.get(CLIENTS_PATH, (context) => parts.show(context, (inbound) => clients(parts, inbound)));
  app.post(`${CLIENTS_PATH}/:step`, (context, next) => {
    const step = STEPS[context.req.param("step")];
    return step === undefined || !parts.isOffered("clients.list") ? next() : take(parts, context, step);
  });
  return app;
}

type Shown = Partial<Pick<ClientPageParts, "typed" | "violations" | "made">>;

async function clients(parts: PageParts, inbound: Inbound, shown: Shown = {}): Promise<PageContent> {
  const page = {
    title: "Clients",
    lead: "Who may get tokens, and tokens that let others register.",
    path: CLIENTS_PATH,
  };
  if (!parts.isOffered("clients.list")) return switchedOff(parts, inbound, page);
  const { clients: rows } = ClientRows.parse(await parts.ask(inbound, { action: "clients.list" }));
  const { tokens } = TokenRows.parse(await parts.ask(inbound, { action: "registration-tokens.list" }));
  const { typed = EMPTY_CLIENT, violations = [], made } = shown;
  const csrfToken = parts.edge.csrfToken(inbound);
  const body = clientPage({ clients: rows, tokens, csrfToken, typed, violations, made });
  return violations.length === 0 ? { ...page, body } : { ...page, body, status: problems.VALIDATION_ERROR.status };
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
        ? (inbound) => clients(parts, inbound, { typed: typedIn(texts), violations })
        : undefined,
    done: (value) => {
      const { success, data: made } = MadeSecret.safeParse(value);
      const isMade = success && (made.secret ?? made.token) !== undefined;
      return isMade ? (inbound) => clients(parts, inbound, { made }) : CLIENTS_PATH;
    },
  });
}

function which(fields: Fields): unknown {
  return { id: fields.get("id") ?? "" };
}

function newClient(fields: Fields): unknown {
  const { name, redirectUris, type, authentication } = typedIn(fields);
  const addresses = redirectUris.split(/\s+/).filter((address) => address !== "");
  return { name, redirectUris: addresses, type, authentication };
}

function newToken(fields: Fields): unknown {
  return { label: fields.get("label") ?? "", uses: numberOf(fields.get("uses")), hours: numberOf(fields.get("hours")) };
}

function numberOf(text: string | null): unknown {
  return text !== null && /^\d{1,9}$/.test(text) ? Number(text) : (text ?? "");
}

function typedIn(fields: Fields): TypedClient {
  const read = (name: keyof TypedClient): string => (fields.get(name) ?? EMPTY_CLIENT[name]).trim().slice(0, 2000);
  return {
    name: read("name"),
    redirectUris: read("redirectUris"),
    type: read("type"),
    authentication: read("authentication"),
  };
}
