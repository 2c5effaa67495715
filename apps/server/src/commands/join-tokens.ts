import { writeFile } from "node:fs/promises";
import { z } from "zod";
import { UsageError, type Command, type CommandContext } from "../command.ts";
import { lists, numbers, texts } from "../flags.ts";
import { operateAndShow } from "../operate.ts";
import { formatTable } from "../terminal.ts";

const Issued = z.object({
  id: z.string(),
  address: z.string(),
  expiresAt: z.number(),
  graceEndsAt: z.number().optional(),
});
const Token = z.object({
  id: z.string(),
  collection: z.string(),
  label: z.string(),
  kind: z.string(),
  scopes: z.array(z.string()),
  caps: z.object({ guests: z.number(), files: z.number(), bytes: z.number() }),
  guests: z.number(),
  state: z.string(),
  weak: z.boolean(),
  expiresAt: z.number(),
});
const Tokens = z.object({ tokens: z.array(Token) });
const Bucket = z.object({
  start: z.number(),
  views: z.number(),
  joins: z.number(),
  uploads: z.number(),
  bytes: z.number(),
  sessions: z.number(),
  refusedExpired: z.number(),
  refusedRevoked: z.number(),
  refusedFull: z.number(),
  refusedLimited: z.number(),
});
const Usage = z.object({ buckets: z.array(Bucket) });
const Printed = z.object({ address: z.string(), svg: z.string().optional(), pdf: z.string().optional() });

/** `gatehouse join-tokens create COLLECTION`. */
export const joinTokensCreate: Command = {
  name: "join-tokens create",
  ofTenant: true,
  usage: "COLLECTION --label TEXT [--scopes view,upload] [--days N] [--once]",
  words: 1,
  summary: "Makes a join token, by which guests come in to an event, and its link.",
  flags: {
    label: { type: "string", doc: "What it is for, such as where it hangs." },
    scopes: {
      type: "string",
      doc: "Of view, upload, download and moderate, separated by commas. Default view,upload.",
    },
    days: { type: "string", doc: "How long it lasts. Default: guests.tokens.lifetime." },
    guests: { type: "string", doc: "How many guests come in by it. Default: guests.tokens.guests." },
    files: { type: "string", doc: "How many files they may bring in all. Default: guests.tokens.files." },
    megabytes: { type: "string", doc: "How large these may be together. Default: guests.tokens.bytes." },
    once: { type: "boolean", doc: "Shown this once and never printed again." },
  },
  run: (context) => {
    const { words, flags } = context;
    const [collection] = words;
    const { label } = flags;
    if (collection === undefined || typeof label !== "string") {
      throw new UsageError('Say for which event and what: gatehouse join-tokens create anna-and-ben --label "Tables"');
    }
    const input = {
      ...{ collection, label, kind: flags["once"] === true ? "once" : "derived" },
      ...lists(flags, { scopes: "scopes" }),
      ...numbers(flags, { days: "days", guests: "guests", files: "files", megabytes: "megabytes" }),
    };
    return operateAndShow(context, { action: "join-tokens.create", input }, (value) => showIssued(context, value));
  },
};

/** `gatehouse join-tokens list`. */
export const joinTokensList: Command = {
  name: "join-tokens list",
  ofTenant: true,
  usage: "[--collection ID] [--after ID]",
  summary: "Lists join tokens, without what they are shown as.",
  flags: {
    collection: { type: "string", doc: "Those of this event." },
    after: { type: "string", doc: "Where the list goes on: the last ID of the page before." },
  },
  run: (context) => {
    const input = texts(context.flags, { collection: "collection", after: "after" });
    return operateAndShow(context, { action: "join-tokens.list", input }, (value) => {
      const { tokens } = Tokens.parse(value);
      if (tokens.length === 0) return context.terminal.print("There are no join tokens.");
      const rows = tokens.map(({ id, collection, label, scopes, guests, caps, state, weak, expiresAt }) => [
        ...[id, collection, label, scopes.join(","), `${guests} of ${caps.guests}`],
        ...[weak ? `${state}, weak` : state, new Date(expiresAt).toISOString()],
      ]);
      context.terminal.print(formatTable(["ID", "COLLECTION", "LABEL", "SCOPES", "GUESTS", "STATE", "UNTIL"], rows));
    });
  },
};

/** `gatehouse join-tokens show ID`. */
export const joinTokensShow: Command = {
  name: "join-tokens show",
  ofTenant: true,
  usage: "ID",
  words: 1,
  summary: "Shows a join token: what it lets guests do, and how many came.",
  run: (context) => {
    const input = { id: idOf(context, "show") };
    return operateAndShow(context, { action: "join-tokens.show", input }, (value) => {
      const { id, collection, label, kind, scopes, caps, guests, state, weak, expiresAt } = Token.parse(value);
      const rows = [
        ...[
          ["id", id],
          ["collection", collection],
          ["label", label],
          ["kind", weak ? `${kind}, weak` : kind],
        ],
        ...[
          ["state", state],
          ["until", new Date(expiresAt).toISOString()],
          ["scopes", scopes.join(", ")],
        ],
        ...[
          ["guests", `${guests} of ${caps.guests}`],
          ["files", `at most ${caps.files}`],
          ["bytes", `at most ${caps.bytes}`],
        ],
      ];
      for (const [name = "", said = ""] of rows) context.terminal.print(`${name.padEnd(11)} ${said}`);
    });
  },
};

/** `gatehouse join-tokens usage ID`. */
export const joinTokensUsage: Command = {
  name: "join-tokens usage",
  ofTenant: true,
  usage: "ID [--from TIME] [--to TIME]",
  words: 1,
  summary: "Shows what happened under a join token, in steps of five minutes.",
  flags: {
    from: { type: "string", doc: "Since when, such as 2026-06-01T12:00:00Z. Default: a day ago." },
    to: { type: "string", doc: "Until when. Default: now." },
  },
  run: (context) => {
    const input = { id: idOf(context, "usage"), ...times(context.flags) };
    return operateAndShow(context, { action: "join-tokens.usage", input }, (value) => {
      const { buckets } = Usage.parse(value);
      if (buckets.length === 0) return context.terminal.print("Nothing happened in that time.");
      const rows = buckets.map((bucket) => [
        new Date(bucket.start).toISOString(),
        ...[bucket.views, bucket.joins, bucket.uploads, bucket.bytes, bucket.sessions].map(String),
        [
          ...[`${bucket.refusedExpired} expired`, `${bucket.refusedRevoked} revoked`],
          ...[`${bucket.refusedFull} full`, `${bucket.refusedLimited} limited`],
        ]
          .filter((refused) => !refused.startsWith("0 "))
          .join(", "),
      ]);
      context.terminal.print(formatTable(["FROM", "VIEWS", "JOINS", "UPLOADS", "BYTES", "SESSIONS", "REFUSED"], rows));
    });
  },
};

/** `gatehouse join-tokens revoke ID`. */
export const joinTokensRevoke: Command = {
  name: "join-tokens revoke",
  ofTenant: true,
  usage: "ID [--reason TEXT]",
  words: 1,
  summary: "Revokes a join token with all its guests and their addresses of photos.",
  flags: { reason: { type: "string", doc: "Why; shown in the audit trail." } },
  run: (context) => {
    const id = idOf(context, "revoke");
    const input = { id, ...texts(context.flags, { reason: "reason" }) };
    return operateAndShow(context, { action: "join-tokens.revoke", input }, () => {
      context.terminal.print(`The join token ${id} is revoked.`);
    });
  },
};

/** `gatehouse join-tokens revoke-all`. */
export const joinTokensRevokeAll: Command = {
  name: "join-tokens revoke-all",
  ofTenant: true,
  usage: "COLLECTION|--everywhere --reason TEXT",
  words: 1,
  summary: "Revokes all join tokens of an event, or of a tenant, with their guests and their addresses of photos.",
  flags: {
    everywhere: { type: "boolean", doc: "Those of all events of the tenant." },
    reason: { type: "string", doc: "Why; shown in the audit trail." },
  },
  run: (context) => {
    const { words, flags } = context;
    const [collection] = words;
    const { reason, everywhere = false } = flags;
    if ((collection === undefined) !== everywhere || typeof reason !== "string") {
      throw new UsageError(
        'Say of which event, or --everywhere, and why: gatehouse join-tokens revoke-all anna-and-ben --reason "leaked"',
      );
    }
    const input = { reason, ...(collection === undefined ? {} : { collection }) };
    return operateAndShow(context, { action: "join-tokens.revoke-all", input }, (value) => {
      const { revoked } = z.object({ revoked: z.number() }).parse(value);
      context.terminal.print(`${revoked} ${revoked === 1 ? "join token is" : "join tokens are"} revoked.`);
    });
  },
};

/** `gatehouse join-tokens rotate ID`. */
export const joinTokensRotate: Command = {
  name: "join-tokens rotate",
  ofTenant: true,
  usage: "ID [--grace-hours N]",
  words: 1,
  summary: "Gives a join token a new link; the one before goes on for a while. Guests stay in.",
  flags: { "grace-hours": { type: "string", doc: "How long the link before goes on; 0 ends it now. Default 24." } },
  run: (context) => {
    const input = { id: idOf(context, "rotate"), ...numbers(context.flags, { "grace-hours": "graceHours" }) };
    return operateAndShow(context, { action: "join-tokens.rotate", input }, (value) => showIssued(context, value));
  },
};

/** `gatehouse join-tokens print ID`. */
export const joinTokensPrint: Command = {
  name: "join-tokens print",
  ofTenant: true,
  usage: "ID [--svg FILE | --pdf FILE] [--title TEXT] [--language en|de] [--paper A4|A6]",
  words: 1,
  summary: "Shows the link of a join token again, or writes its QR code or a card to a file.",
  flags: {
    svg: { type: "string", doc: "Write the QR code to this file." },
    pdf: { type: "string", doc: "Write a card to this file; needs the package pdfkit." },
    title: { type: "string", doc: "What the card says on top. Default: the label." },
    language: { type: "string", doc: "en or de. Default en." },
    paper: { type: "string", doc: "A6 for one card, A4 for four to cut. Default A6." },
  },
  run: async (context) => {
    const { flags, terminal } = context;
    const { svg, pdf } = flags;
    if (svg !== undefined && pdf !== undefined) throw new UsageError("Choose --svg or --pdf.");
    const format = typeof svg === "string" ? "svg" : typeof pdf === "string" ? "pdf" : "address";
    const input = {
      ...{ id: idOf(context, "print"), format },
      ...texts(flags, { title: "title", language: "language", paper: "paper" }),
    };
    let printed: z.infer<typeof Printed> | undefined;
    const json = (value: unknown): unknown => {
      printed = Printed.parse(value);
      return { address: printed.address, file: svg ?? pdf };
    };
    const code = await operateAndShow(context, { action: "join-tokens.print", input, json }, (value) => {
      printed = Printed.parse(value);
      terminal.print(printed.address);
    });
    if (typeof svg === "string" && printed?.svg !== undefined) await writeFile(svg, printed.svg);
    if (typeof pdf === "string" && printed?.pdf !== undefined) await writeFile(pdf, Buffer.from(printed.pdf, "base64"));
    return code;
  },
};

function idOf({ words: [id] }: CommandContext, verb: string): string {
  if (id === undefined)
    throw new UsageError(`Say which: gatehouse join-tokens ${verb} ID; join-tokens list shows them.`);
  return id;
}

function times(flags: CommandContext["flags"]): Record<string, number> {
  const named = Object.entries(texts(flags, { from: "from", to: "to" }));
  return Object.fromEntries(
    named.map(([name, text]) => {
      const time = Date.parse(text);
      if (Number.isNaN(time))
        throw new UsageError(`--${name} takes a time such as 2026-06-01T12:00:00Z; got "${text}".`);
      return [name, time] as const;
    }),
  );
}

function showIssued({ terminal }: CommandContext, value: unknown): void {
  const { id, address, expiresAt, graceEndsAt } = Issued.parse(value);
  terminal.print(`id    ${id}`);
  terminal.print(`link  ${address}`);
  terminal.print(`It is good until ${new Date(expiresAt).toISOString()}.`);
  if (graceEndsAt !== undefined)
    terminal.print(`The link before goes on until ${new Date(graceEndsAt).toISOString()}.`);
}
