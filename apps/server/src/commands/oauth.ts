import { z } from "zod";
import { UsageError, type Command, type CommandContext } from "../command.ts";
import { lists, numbers, texts } from "../flags.ts";
import { operateAndShow } from "../operate.ts";
import { formatTable } from "../terminal.ts";

const Created = z.object({ id: z.string(), secret: z.string().optional() });
const Secret = z.object({ client: z.string(), id: z.string(), secret: z.string() });
const Clients = z.object({
  clients: z.array(
    z.object({
      id: z.string(),
      origin: z.string(),
      state: z.string(),
      usedAt: z.number().optional(),
      settings: z.object({ name: z.string().optional() }),
    }),
  ),
});
const Issued = z.object({ id: z.string(), token: z.string(), expiresAt: z.number() });
const Tokens = z.object({
  tokens: z.array(z.object({ id: z.string(), label: z.string(), usesLeft: z.number(), expiresAt: z.number() })),
});

const ONCE = "It is shown this once.";

/** `gatehouse oauth create-client NAME`. */
export const createClient: Command = {
  name: "oauth create-client",
  ofTenant: true,
  usage: "NAME [--redirect-uris URL,URL] [--type web|native] [--authentication METHOD]",
  words: 1,
  summary: "Makes an OAuth client, and its secret where it has one.",
  flags: {
    "redirect-uris": { type: "string", doc: "Where people are sent back to, separated by commas." },
    "logout-uris": { type: "string", doc: "Where people may be sent after signing out, separated by commas." },
    type: { type: "string", doc: "`web`, or `native` for programs on people's machines. Default web." },
    authentication: {
      type: "string",
      doc: "client_secret_basic, client_secret_post, client_secret_jwt, private_key_jwt, or none for a public client. Default client_secret_basic.",
    },
    "grant-types": { type: "string", doc: "Separated by commas. Default: as the redirect URIs imply." },
    scope: { type: "string", doc: "Scopes of people it may ask for, separated by spaces. Default: all." },
    resources: {
      type: "string",
      doc: 'Scopes by resource, as JSON: {"https://api.example/": ["read"]}. Default: all.',
    },
    "jwks-uri": { type: "string", doc: "Where its public keys are, for private_key_jwt." },
  },
  run: (context) => {
    const { words, flags } = context;
    const [name] = words;
    if (name === undefined) {
      throw new UsageError(
        'Say what it is called: gatehouse oauth create-client "Photo app" --redirect-uris https://app.example/callback',
      );
    }
    const input = {
      name,
      ...lists(flags, { "redirect-uris": "redirectUris", "logout-uris": "postLogoutRedirectUris" }),
      ...lists(flags, { "grant-types": "grantTypes" }),
      ...texts(flags, { type: "type", authentication: "authentication", scope: "scope", "jwks-uri": "jwksUri" }),
      ...(flags["resources"] === undefined ? {} : { resources: json(flags["resources"]) }),
    };
    return operateAndShow(context, { action: "clients.create", input }, (value) => {
      const { id, secret } = Created.parse(value);
      context.terminal.print(`client_id      ${id}`);
      if (secret !== undefined) context.terminal.print(`client_secret  ${secret}\n${ONCE}`);
    });
  },
};

/** `gatehouse oauth list-clients`. */
export const listClients: Command = {
  name: "oauth list-clients",
  ofTenant: true,
  usage: "[--after ID]",
  summary: "Lists OAuth clients: of the configuration, of operators, registered ones and those known by a document.",
  flags: { after: { type: "string", doc: "Where the list goes on: the last ID of the page before." } },
  run: (context) => {
    const input = texts(context.flags, { after: "after" });
    return operateAndShow(context, { action: "clients.list", input }, (value) => {
      const { clients } = Clients.parse(value);
      if (clients.length === 0) return context.terminal.print("There are no clients.");
      const rows = clients.map(({ id, settings, origin, state, usedAt }) => [
        ...[id, settings.name ?? "-", origin, state],
        usedAt === undefined ? "-" : new Date(usedAt).toISOString(),
      ]);
      context.terminal.print(formatTable(["ID", "NAME", "ORIGIN", "STATE", "LAST USED"], rows));
    });
  },
};

/** `gatehouse oauth rotate-secret ID`. */
export const rotateSecret: Command = {
  name: "oauth rotate-secret",
  ofTenant: true,
  usage: "ID [--overlap-hours N] [--days N]",
  words: 1,
  summary: "Gives an OAuth client a new secret; the others stay good for a while.",
  flags: {
    "overlap-hours": { type: "string", doc: "How long the others stay good; 0 ends them now. Default 24." },
    days: { type: "string", doc: "How long the new one is good. Default: for ever." },
  },
  run: (context) => {
    const id = wordOf(context, "rotate-secret ID");
    const input = { id, ...numbers(context.flags, { "overlap-hours": "overlapHours", days: "lifetimeDays" }) };
    return operateAndShow(context, { action: "clients.rotate-secret", input }, (value) => {
      const { secret } = Secret.parse(value);
      context.terminal.print(`client_secret  ${secret}\n${ONCE}`);
    });
  },
};

/** `gatehouse oauth disable-client ID`. */
export const disableClient = step({
  verb: "disable",
  summary: "Disables an OAuth client and revokes its tokens.",
  done: "is disabled; its tokens are revoked",
});
/** `gatehouse oauth enable-client ID`. */
export const enableClient = step({ verb: "enable", summary: "Enables an OAuth client again.", done: "is enabled" });
/** `gatehouse oauth delete-client ID`. */
export const deleteClient = step({
  verb: "delete",
  summary: "Deletes an OAuth client and revokes its tokens.",
  done: "is deleted; its tokens are revoked",
});

function step({
  verb,
  summary,
  done,
}: {
  readonly verb: string;
  readonly summary: string;
  readonly done: string;
}): Command {
  return {
    name: `oauth ${verb}-client`,
    ofTenant: true,
    usage: "ID [--reason TEXT]",
    words: 1,
    summary,
    flags: { reason: { type: "string", doc: "Why; shown in the audit trail." } },
    run: (context) => {
      const id = wordOf(context, `${verb}-client ID`);
      const input = { id, ...texts(context.flags, { reason: "reason" }) };
      return operateAndShow(context, { action: `clients.${verb}`, input }, () => {
        context.terminal.print(`The client ${id} ${done}.`);
      });
    },
  };
}

/** `gatehouse oauth issue-token LABEL`. */
export const issueToken: Command = {
  name: "oauth issue-token",
  ofTenant: true,
  usage: "LABEL [--uses N] [--hours N]",
  words: 1,
  summary: "Issues an initial access token, which lets its bearer register OAuth clients.",
  flags: {
    uses: { type: "string", doc: "How many clients it registers. Default 1." },
    hours: { type: "string", doc: "How long it is good. Default 24." },
  },
  run: (context) => {
    const [label] = context.words;
    if (label === undefined) throw new UsageError('Say whom it is for: gatehouse oauth issue-token "Partner" --uses 5');
    const input = { label, ...numbers(context.flags, { uses: "uses", hours: "hours" }) };
    return operateAndShow(context, { action: "registration-tokens.issue", input }, (value) => {
      const { token, expiresAt } = Issued.parse(value);
      context.terminal.print(`${token}\n${ONCE} It is good until ${new Date(expiresAt).toISOString()}.`);
    });
  },
};

/** `gatehouse oauth list-tokens`. */
export const listTokens: Command = {
  name: "oauth list-tokens",
  ofTenant: true,
  usage: "",
  summary: "Lists the initial access tokens that are still good, without the tokens.",
  run: (context) =>
    operateAndShow(context, { action: "registration-tokens.list", input: {} }, (value) => {
      const { tokens } = Tokens.parse(value);
      if (tokens.length === 0) return context.terminal.print("No initial access token is good.");
      const rows = tokens.map(({ id, label, usesLeft, expiresAt }) => [
        ...[id, label, String(usesLeft), new Date(expiresAt).toISOString()],
      ]);
      context.terminal.print(formatTable(["ID", "LABEL", "USES LEFT", "UNTIL"], rows));
    }),
};

/** `gatehouse oauth revoke-token ID`. */
export const revokeToken: Command = {
  name: "oauth revoke-token",
  ofTenant: true,
  usage: "ID",
  words: 1,
  summary: "Revokes an initial access token.",
  run: (context) => {
    const id = wordOf(context, "revoke-token ID");
    return operateAndShow(context, { action: "registration-tokens.revoke", input: { id } }, () => {
      context.terminal.print(`The token ${id} is revoked.`);
    });
  },
};

function wordOf({ words: [word] }: CommandContext, usage: string): string {
  if (word === undefined) throw new UsageError(`Say which: gatehouse oauth ${usage}.`);
  return word;
}

function json(text: string | boolean): unknown {
  try {
    return JSON.parse(String(text));
  } catch {
    throw new UsageError('--resources takes JSON, such as {"https://api.example/": ["read"]}.');
  }
}
