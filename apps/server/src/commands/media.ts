import { z } from "zod";
import { UsageError, type Command, type CommandContext } from "../command.ts";
import { operateAndShow } from "../operate.ts";
import { formatTable } from "../terminal.ts";

const Asset = z.object({
  id: z.string(),
  collection: z.string(),
  name: z.string(),
  state: z.string(),
  reason: z.string(),
  scannedBy: z.string().optional(),
  receivedAt: z.number(),
  findings: z.object({ type: z.string().optional(), sha256: z.string().optional() }),
});
const Page = z.object({ assets: z.array(Asset), next: z.string().optional() });
const Shown = z.object({
  asset: Asset,
  variants: z.array(z.object({ name: z.string(), type: z.string(), bytes: z.number(), sha256: z.string() })),
});
const Status = z.object({
  scanner: z.object({
    state: z.string(),
    name: z.string().optional(),
    reason: z.string().optional(),
    version: z.object({ text: z.string() }).optional(),
  }),
  queue: z.object({ files: z.number(), age: z.number() }),
  counts: z.array(z.object({ state: z.string(), reason: z.string(), count: z.number() })),
});

/** The most files of one answer. */
const MOST = 200;

/** `gatehouse media status`. */
export const mediaStatus: Command = {
  name: "media status",
  usage: "",
  summary: "Says how the scanner is, how many files wait, and how many are in which state.",
  flags: {},
  run: (context) =>
    operateAndShow(context, { action: "media.status", input: {} }, (value) => {
      const { scanner, queue, counts } = Status.parse(value);
      const { state, version, name, reason } = scanner;
      context.terminal.print(`scanner: ${[state, version?.text ?? name, reason].filter(Boolean).join(", ")}`);
      context.terminal.print(
        `waiting: ${queue.files}${queue.files === 0 ? "" : `, the first for ${Math.round(queue.age / 1000)} s`}`,
      );
      const rows = counts.map((row) => [row.state, row.reason.slice(0, 60), String(row.count)]);
      if (rows.length > 0) context.terminal.print(formatTable(["STATE", "REASON", "FILES"], rows));
    }),
};

/** `gatehouse media list`. */
export const mediaList: Command = {
  name: "media list",
  ofTenant: true,
  usage: "[--state STATE] [--collection NAME] [--limit N] [--after PAGE]",
  summary: "Lists files that people brought, newest first.",
  flags: {
    state: { type: "string", doc: "Only those in this state, such as held, infected or published." },
    collection: { type: "string", doc: "Only those of this collection." },
    limit: { type: "string", doc: `How many. Default 50, at most ${MOST}.` },
    after: { type: "string", doc: "The next page, by what the page before said last." },
  },
  run: (context) => {
    const { state, collection, limit, after } = context.flags;
    const input = {
      ...(state === undefined ? {} : { state }),
      ...(collection === undefined ? {} : { collection }),
      ...(after === undefined ? {} : { after }),
      ...(limit === undefined ? {} : { limit: countOf(String(limit)) }),
    };
    return operateAndShow(context, { action: "media.assets.list", input }, (value) => {
      const { assets, next } = Page.parse(value);
      if (assets.length === 0) return context.terminal.print("There is no such file.");
      const rows = assets.map((asset) => [
        ...[asset.id, asset.state, asset.reason.slice(0, 40), asset.collection, asset.name.slice(0, 40)],
        ...[asset.findings.type ?? "-", new Date(asset.receivedAt).toISOString()],
      ]);
      const headings = ["ASSET", "STATE", "REASON", "COLLECTION", "NAME", "TYPE", "RECEIVED"];
      context.terminal.print(formatTable(headings, rows));
      if (next !== undefined) context.terminal.print(`There are more: --after ${next}`);
    });
  },
};

/** `gatehouse media show`. */
export const mediaShow: Command = {
  name: "media show",
  ofTenant: true,
  words: 1,
  usage: "ASSET",
  summary: "Shows a file that somebody brought, what was found, and its forms.",
  flags: {},
  run: (context) =>
    operateAndShow(context, { action: "media.assets.show", input: { asset: assetOf(context) } }, (value) => {
      const { asset, variants } = Shown.parse(value);
      const { id, state, reason, name, collection, findings, scannedBy } = asset;
      const facts = { id, state, reason, name, collection, type: findings.type, sha256: findings.sha256, scannedBy };
      for (const [fact, text] of Object.entries(facts)) if (text) context.terminal.print(`${fact}: ${text}`);
      const rows = variants.map((variant) => [variant.name, variant.type, String(variant.bytes), variant.sha256]);
      if (rows.length > 0) context.terminal.print(formatTable(["FORM", "TYPE", "BYTES", "SHA-256"], rows));
    }),
};

/** `gatehouse media release`. */
export const mediaRelease: Command = {
  name: "media release",
  ofTenant: true,
  words: 1,
  usage: "ASSET",
  summary: "Publishes a file that waits for a moderator or was hidden. One that was not found clean stays held.",
  flags: {},
  run: (context) => moderate(context, { decision: "publish" }),
};

/** `gatehouse media hide`. */
export const mediaHide: Command = {
  name: "media hide",
  ofTenant: true,
  words: 1,
  usage: "ASSET",
  summary: "Takes a published file out of sight; `media release` brings it back.",
  flags: {},
  run: (context) => moderate(context, { decision: "hide" }),
};

/** `gatehouse media reject`. */
export const mediaReject: Command = {
  name: "media reject",
  ofTenant: true,
  words: 1,
  usage: "ASSET [--reason TEXT]",
  summary: "Rejects a file and deletes its contents, from quarantine and storage.",
  flags: { reason: { type: "string", doc: "Why; shown in the console and the audit trail." } },
  run: (context) => {
    const { reason } = context.flags;
    return moderate(context, { decision: "reject", ...(reason === undefined ? {} : { reason }) });
  },
};

/** `gatehouse media delete`. */
export const mediaDelete: Command = {
  name: "media delete",
  ofTenant: true,
  words: 1,
  usage: "ASSET",
  summary: "Deletes a file with all its forms and the record of it.",
  flags: {},
  run: (context) =>
    operateAndShow(context, { action: "media.asset.delete", input: { asset: assetOf(context) } }, () =>
      context.terminal.print("Deleted."),
    ),
};

/** `gatehouse media rescan`. */
export const mediaRescan: Command = {
  name: "media rescan",
  ofTenant: true,
  words: 1,
  usage: "ASSET",
  summary: "Has a file looked at anew: one that is published, or one whose received file is still there.",
  flags: {},
  run: (context) =>
    operateAndShow(context, { action: "media.asset.rescan", input: { asset: assetOf(context) } }, () =>
      context.terminal.print("It will be looked at; see media show."),
    ),
};

/** `gatehouse media rescan-all`. */
export const mediaRescanAll: Command = {
  name: "media rescan-all",
  ofTenant: true,
  words: 1,
  usage: "COLLECTION",
  summary: "Has all files of an event scanned again: those that are published, and those that are still in quarantine.",
  flags: {},
  run: (context) => {
    const [collection] = context.words;
    if (collection === undefined) throw new UsageError("Say of which event, such as media list shows it.");
    return operateAndShow(context, { action: "media.rescan-all", input: { collection } }, () =>
      context.terminal.print("They will be looked at; media status says how many wait."),
    );
  },
};

function moderate(context: CommandContext, decision: Readonly<Record<string, unknown>>): Promise<number> {
  const input = { asset: assetOf(context), ...decision };
  return operateAndShow(context, { action: "media.asset.moderate", input }, (value) => {
    const { state } = z.object({ state: z.string() }).parse(value);
    context.terminal.print(`It is ${state} now.`);
  });
}

function assetOf({ words }: CommandContext): string {
  const [asset, ...more] = words;
  if (asset === undefined || more.length > 0) {
    throw new UsageError("Name one asset, as media list and the audit trail do.");
  }
  return asset;
}

function countOf(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text) && Number(text) <= MOST) return Number(text);
  throw new UsageError(`--limit takes a whole number from 1 to ${MOST}, such as 100; got "${text}".`);
}
