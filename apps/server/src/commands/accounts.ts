import { z } from "zod";
import { UsageError, type Command, type CommandContext, type CommandFlag } from "../command.ts";
import { readPiped } from "../input.ts";
import { operateAndShow } from "../operate.ts";
import { formatTable } from "../terminal.ts";

const Factor = z.object({
  kind: z.string(),
  count: z.number(),
  since: z.number(),
  usedAt: z.number().optional(),
});
const Account = z.object({
  id: z.string(),
  name: z.string(),
  locale: z.string(),
  state: z.string(),
  grants: z.array(z.string()),
  createdAt: z.number(),
  emails: z.array(z.object({ email: z.string(), verifiedAt: z.number().optional() })),
  factors: z.array(Factor),
  signedInAt: z.number().optional(),
});
const Page = z.object({ accounts: z.array(Account), next: z.string().optional() });
const Made = z.object({ id: z.string(), link: z.string().optional() });
const Linked = z.object({ link: z.string() });
const Granted = z.object({ id: z.string(), grants: z.array(z.string()) });

/** The most accounts of one answer. */
const MOST = 200;
const NOBODY = "Nobody has an account yet. Who is invited has one once they have followed the link.";
const WHICH = "ID|EMAIL";
const PERSON: Readonly<Record<string, CommandFlag>> = {
  name: { type: "string", doc: "What the person is called. Default: what stands before the @." },
  locale: { type: "string", doc: "The language of letters and pages, such as de. Default en." },
  grants: { type: "string", doc: "What the person may do, separated by commas: --grants operator,editor." },
};

/** `gatehouse accounts list`. */
export const accountsList: Command = {
  name: "accounts list",
  ofTenant: true,
  usage: "[--email ADDRESS] [--limit N] [--after ID]",
  summary: "Lists the people who can sign in, oldest first.",
  flags: {
    email: { type: "string", doc: "Only who has this address: all of it, for nothing else finds it." },
    limit: { type: "string", doc: `How many. Default 50, at most ${MOST}.` },
    after: { type: "string", doc: "The next page, by what the page before said last." },
  },
  run: (context) => {
    const { email, limit, after } = context.flags;
    const input = {
      ...(email === undefined ? {} : { email }),
      ...(after === undefined ? {} : { after }),
      ...(limit === undefined ? {} : { limit: countOf(String(limit)) }),
    };
    return operateAndShow(context, { action: "accounts.list", input }, (value) => {
      const { accounts, next } = Page.parse(value);
      if (accounts.length === 0)
        return context.terminal.print(
          email === undefined && after === undefined ? NOBODY : "There is no such account.",
        );
      const rows = accounts.map(({ id, name, emails, state, factors, grants, signedInAt }) => [
        ...[id, emails.map(({ email: address }) => address).join(", "), name, state],
        factors.map(({ kind }) => kind).join(", ") || "-",
        grants.join(", ") || "-",
        momentOf(signedInAt),
      ]);
      const headings = ["ID", "ADDRESS", "NAME", "STATE", "FACTORS", "GRANTS", "LAST SIGN-IN"];
      context.terminal.print(formatTable(headings, rows));
      if (next !== undefined) context.terminal.print(`There are more: --after ${next}`);
    });
  },
};

/** `gatehouse accounts show ID|EMAIL`. */
export const accountsShow: Command = {
  name: "accounts show",
  ofTenant: true,
  usage: WHICH,
  words: 1,
  summary: "Shows an account: addresses, factors, grants, the last sign-in.",
  run: (context) => {
    const input = selected(context, "show");
    return operateAndShow(context, { action: "accounts.show", input }, (value) => {
      const account = Account.parse(value);
      const { terminal } = context;
      const facts = [
        ["id", account.id],
        ["name", account.name],
        ["language", account.locale],
        ["state", account.state],
        ["grants", account.grants.join(", ") || "-"],
        ["created", momentOf(account.createdAt)],
        ["last sign-in", momentOf(account.signedInAt)],
        ...account.emails.map(({ email, verifiedAt }) => [
          "address",
          verifiedAt === undefined ? `${email}, not proven` : `${email}, proven ${momentOf(verifiedAt)}`,
        ]),
        ...account.factors.map(({ kind, count, since, usedAt }) => [
          "factor",
          `${count === 1 ? kind : `${kind} (${count})`}, since ${momentOf(since)}, used ${momentOf(usedAt)}`,
        ]),
      ];
      for (const [name = "", fact = ""] of facts) terminal.print(`${name.padEnd(12)}  ${fact}`);
    });
  },
};

/** `gatehouse accounts create EMAIL`. */
export const accountsCreate: Command = {
  name: "accounts create",
  ofTenant: true,
  usage: "EMAIL [--name NAME] [--grants NAME,NAME] [--password-stdin]",
  words: 1,
  summary: "Makes an account, and prints a one-time link with which its owner sets the password.",
  flags: {
    ...PERSON,
    "password-stdin": { type: "boolean", doc: "Reads the password from the standard input, and prints no link." },
  },
  run: async (context) => {
    const person = personOf(context, "create");
    const given = context.flags["password-stdin"] === true ? { password: await readPiped(process.stdin) } : {};
    return operateAndShow(context, { action: "accounts.create", input: { ...person, ...given } }, (value) => {
      const { id, link } = Made.parse(value);
      context.terminal.print(`${person.email} has the account ${id}.`);
      if (link !== undefined) showLink(context, link);
    });
  },
};

/** `gatehouse accounts invite EMAIL`. */
export const accountsInvite: Command = {
  name: "accounts invite",
  ofTenant: true,
  usage: "EMAIL [--name NAME] [--grants NAME,NAME]",
  words: 1,
  summary: "Invites somebody by letter, and prints the link, which is good for a week.",
  flags: PERSON,
  run: (context) => {
    const input = personOf(context, "invite");
    return operateAndShow(context, { action: "accounts.invite", input }, (value) => {
      context.terminal.note(`A letter with this link is on its way to ${context.words[0] ?? ""}.`);
      context.terminal.print(Linked.parse(value).link);
    });
  },
};

/** `gatehouse accounts link ID|EMAIL`. */
export const accountsLink: Command = {
  name: "accounts link",
  ofTenant: true,
  usage: WHICH,
  words: 1,
  summary: "Prints a one-time link with which the owner of an account sets a new password.",
  run: (context) =>
    operateAndShow(context, { action: "accounts.link", input: selected(context, "link") }, (value) => {
      showLink(context, Linked.parse(value).link);
    }),
};

/** `gatehouse accounts disable ID|EMAIL`. */
export const accountsDisable = change({
  ...{ verb: "disable", done: "is disabled and signed out everywhere", needsReason: false },
  summary: "Keeps somebody from signing in, and ends their sessions and tokens.",
});
/** `gatehouse accounts enable ID|EMAIL`. */
export const accountsEnable = change({
  ...{ verb: "enable", done: "can sign in again", needsReason: false },
  summary: "Lets somebody sign in again.",
});
/** `gatehouse accounts delete ID|EMAIL`. */
export const accountsDelete = change({
  ...{ verb: "delete", done: "is deleted", needsReason: false },
  summary: "Deletes an account with all that belongs to it.",
});
/** `gatehouse accounts sign-out ID|EMAIL`. */
export const accountsSignOut = change({
  ...{ verb: "sign-out", done: "is signed out everywhere", needsReason: true },
  summary: "Ends all sessions and tokens of an account.",
});
/** `gatehouse accounts reset-factors ID|EMAIL`. */
export const accountsResetFactors = change({
  ...{ verb: "reset-factors", done: "has no second factors any more, and is signed out everywhere", needsReason: true },
  summary: "Takes authenticator, passkeys and recovery codes away; the password stays.",
});

/** `gatehouse accounts grant ID|EMAIL GRANT`. */
export const accountsGrant = changeGrants("grant", "Lets somebody do more; they sign in again.");
/** `gatehouse accounts revoke-grant ID|EMAIL GRANT`. */
export const accountsRevokeGrant = changeGrants("revoke-grant", "Takes away what somebody may do; they sign in again.");

interface Change {
  readonly verb: string;
  readonly summary: string;
  readonly done: string;
  readonly needsReason: boolean;
}

function change({ verb, summary, done, needsReason }: Change): Command {
  return {
    name: `accounts ${verb}`,
    ofTenant: true,
    usage: `${WHICH} ${needsReason ? "--reason TEXT" : "[--reason TEXT]"}`,
    words: 1,
    summary,
    flags: { reason: { type: "string", doc: "Why; shown in the audit trail." } },
    run: (context) => {
      const { reason } = context.flags;
      const which = selected(context, verb);
      if (needsReason && reason === undefined) {
        throw new UsageError(
          `Say why: gatehouse accounts ${verb} ${context.words[0] ?? ""} --reason "a lost telephone"`,
        );
      }
      const input = { ...which, ...(reason === undefined ? {} : { reason }) };
      return operateAndShow(context, { action: `accounts.${verb}`, input }, (value) => {
        context.terminal.print(`The account ${Made.parse(value).id} ${done}.`);
      });
    },
  };
}

function changeGrants(verb: "grant" | "revoke-grant", summary: string): Command {
  return {
    name: `accounts ${verb}`,
    ofTenant: true,
    usage: `${WHICH} GRANT[,GRANT]`,
    words: 2,
    summary,
    run: (context) => {
      const which = selected(context, verb);
      const [, named] = context.words;
      if (named === undefined)
        throw new UsageError(`Say what: gatehouse accounts ${verb} ${context.words[0]} operator`);
      const input = { ...which, grants: named.split(",") };
      return operateAndShow(context, { action: `accounts.${verb}`, input }, (value) => {
        const { id, grants } = Granted.parse(value);
        context.terminal.print(`The account ${id} has ${grants.length === 0 ? "no grants" : grants.join(", ")}.`);
      });
    },
  };
}

/** The account the first word names: an address has an at sign. */
function selected({ words: [which] }: CommandContext, verb: string): Readonly<Record<string, string>> {
  if (which === undefined) {
    throw new UsageError(`Say whose: gatehouse accounts ${verb} ada@example.org (see gatehouse accounts list).`);
  }
  return which.includes("@") ? { email: which } : { id: which };
}

function personOf({ words: [email], flags }: CommandContext, verb: string) {
  if (email === undefined) throw new UsageError(`Say whom: gatehouse accounts ${verb} ada@example.org --name "Ada"`);
  const { name = email.split("@")[0], locale, grants } = flags;
  return {
    ...{ email, name },
    ...(locale === undefined ? {} : { locale }),
    ...(grants === undefined ? {} : { grants: String(grants).split(",") }),
  };
}

function showLink({ terminal }: CommandContext, link: string): void {
  terminal.print("A password is set with this link, once, within half an hour:");
  terminal.print(link);
}

function momentOf(time: number | undefined): string {
  return time === undefined ? "-" : new Date(time).toISOString();
}

function countOf(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text) && Number(text) <= MOST) return Number(text);
  throw new UsageError(`--limit takes a whole number from 1 to ${MOST}, such as 100; got "${text}".`);
}
