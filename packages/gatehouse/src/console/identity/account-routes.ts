import { Hono, type Context } from "hono";
import type { Inbound } from "../../http/inbound.ts";
import type { Violation } from "../../kernel/outcome.ts";
import { problems } from "../../kernel/problems.ts";
import {
  accountListPage,
  EMPTY_INVITATION,
  invitationInput,
  readInvitation,
  type TypedInvitation,
} from "./account-list-page.ts";
import { ACCOUNT_DEEDS, accountPage, type AccountDeed } from "./account-page.ts";
import { accountPath, ACCOUNTS_PATH, AccountRows, AccountView } from "./account-view.ts";
import type { PageContent } from "../page-content.ts";
import type { PageParts } from "../page-parts.ts";
import { switchedOff } from "../switched-off.ts";
import { attemptForm } from "../sent-form.ts";

/** The pages of accounts: who can sign in, and what operators do about it. */
export function accountRoutes(parts: PageParts): Hono {
  const app = new Hono();
  const isOffered = (): boolean => parts.isOffered("accounts.list");
  app.get(ACCOUNTS_PATH, (context) =>
    parts.show(context, (inbound) => (isOffered() ? list(parts, inbound) : switchedOff(parts, inbound, PAGE))),
  );
  app.post(ACCOUNTS_PATH, (context, next) => (isOffered() ? invite(parts, context) : next()));
  app.get(`${ACCOUNTS_PATH}/:id`, (context, next) =>
    isOffered() ? parts.show(context, (inbound) => one(parts, inbound, { id: context.req.param("id") })) : next(),
  );
  for (const deed of ACCOUNT_DEEDS) {
    app.post(`${ACCOUNTS_PATH}/:id/${deed.verb}`, (context, next) =>
      isOffered() ? perform(parts, context, deed) : next(),
    );
  }
  return app;
}

const PAGE = {
  title: "Accounts",
  lead: "The people who can sign in here, with what, and what they may do.",
  path: ACCOUNTS_PATH,
};

interface RefusedInvitation {
  readonly typed: TypedInvitation;
  readonly violations: readonly Violation[];
}

async function list(parts: PageParts, inbound: Inbound, refused?: RefusedInvitation): Promise<PageContent> {
  const { status } = problems.VALIDATION_ERROR;
  const query = refused === undefined ? inbound.url.searchParams : new URLSearchParams();
  const read = (name: string): string => (query.get(name) ?? "").trim().slice(0, 500);
  const [email, after] = [read("email"), read("after")];
  const input = { ...(email === "" ? {} : { email }), ...(after === "" ? {} : { after }) };
  const { typed, violations } = refused ?? { typed: EMPTY_INVITATION, violations: [] };
  const made = { email, after, typed, violations, csrfToken: parts.edge.csrfToken(inbound), done: read("done") };
  const outcome = await parts.edge.perform("accounts.list", inbound, input);
  if (!outcome.ok && outcome.problem === problems.VALIDATION_ERROR) {
    return { ...PAGE, body: accountListPage(made), status };
  }
  const value = outcome.ok ? outcome.value : await parts.ask(inbound, { action: "accounts.list", input });
  const body = accountListPage({ ...made, found: AccountRows.parse(value) });
  return refused === undefined ? { ...PAGE, body } : { ...PAGE, body, status };
}

async function invite(parts: PageParts, context: Context): Promise<Response> {
  const { edge } = parts;
  const inbound = edge.of(context);
  const input = (texts: URLSearchParams): object => invitationInput(readInvitation(texts));
  const { outcome, texts } = await attemptForm(edge, inbound, { action: "accounts.invite", input });
  if (outcome.ok) return edge.redirect(inbound, `${ACCOUNTS_PATH}?done=invited`);
  const { problem, violations = [] } = outcome;
  if (problem !== problems.VALIDATION_ERROR || inbound.accepts !== "html") return parts.refuse(inbound, outcome);
  return parts.show(context, () => list(parts, inbound, { typed: readInvitation(texts), violations }));
}

interface Shown {
  readonly id: string;
  readonly refused?: { readonly verb: string; readonly reason: string };
}

async function one(parts: PageParts, inbound: Inbound, { id, refused }: Shown): Promise<PageContent> {
  const account = AccountView.parse(await parts.ask(inbound, { action: "accounts.show", input: { id } }));
  const done = inbound.url.searchParams.get("done") ?? undefined;
  const made = { account, refused, done, csrfToken: parts.edge.csrfToken(inbound), idempotencyKey: parts.ids.next() };
  return {
    title: account.name,
    lead: account.emails.map(({ email }) => email).join(", "),
    path: ACCOUNTS_PATH,
    body: accountPage(made),
    ...(refused === undefined ? {} : { status: problems.VALIDATION_ERROR.status }),
  };
}

async function perform(parts: PageParts, context: Context, { verb }: AccountDeed): Promise<Response> {
  const { edge } = parts;
  const inbound = edge.of(context);
  const id = context.req.param("id") ?? "";
  const reasonIn = (texts: URLSearchParams): string => texts.get("reason") ?? "";
  const input = (texts: URLSearchParams): object => ({ id, reason: reasonIn(texts) });
  const { outcome, texts } = await attemptForm(edge, inbound, { action: `accounts.${verb}`, input });
  if (outcome.ok) {
    return edge.redirect(
      inbound,
      verb === "delete" ? `${ACCOUNTS_PATH}?done=deleted` : `${accountPath({ id })}?done=${verb}`,
    );
  }
  const { problem, violations = [] } = outcome;
  const onlyReason = problem === problems.VALIDATION_ERROR && violations.every(({ pointer }) => pointer === "/reason");
  if (!onlyReason || inbound.accepts !== "html") return parts.refuse(inbound, outcome);
  return parts.show(context, () => one(parts, inbound, { id, refused: { verb, reason: reasonIn(texts) } }));
}
