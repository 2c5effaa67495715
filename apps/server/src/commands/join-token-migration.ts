import { z } from "zod";
import { UsageError, type Command, type CommandContext } from "../command.ts";
import { csvBatches, type CsvShape } from "../csv.ts";
import { lists, numbers, texts } from "../flags.ts";
import { operateAndShow } from "../operate.ts";

const Surveyed = z.object({ rows: z.number(), clear: z.number(), weak: z.number(), skipped: z.number() });
const Step = z.object({
  phase: z.enum(["copy", "verify", "clear", "done"]),
  after: z.string(),
  copied: z.number(),
  weak: z.number(),
  present: z.number(),
  skipped: z.number(),
  cleared: z.number(),
  expected: z.object({ count: z.number(), checksum: z.string() }),
  found: z.object({ count: z.number(), checksum: z.string() }),
});
const Stepped = Step.extend({ rows: z.number(), clear: z.number() });
const Imported = z.object({ imported: z.number(), weak: z.number(), present: z.number() });

const POLICY = {
  scopes: { type: "string", doc: "Of view, upload, download and moderate, separated by commas. Default view,upload." },
  "weak-days": {
    type: "string",
    doc: "How long texts that can be guessed go on. Default: guests.legacy.weakLifetime.",
  },
} as const;
const PROGRESS = { copy: "Copying", verify: "Checking", clear: "Deleting clear texts", done: "Done" } as const;
const ROWS_AT_ONCE = 200;

/** `gatehouse join-tokens migrate`. */
export const joinTokensMigrate: Command = {
  name: "join-tokens migrate",
  ofTenant: true,
  usage: "--table TABLE --column COLUMN [--dry-run]",
  summary:
    "Takes the join tokens of an earlier system over from a table in the same database, and deletes their clear texts.",
  flags: {
    table: { type: "string", doc: "The table." },
    column: { type: "string", doc: "Its column with the clear texts." },
    id: { type: "string", doc: "Its column that tells rows apart. Default id." },
    collection: { type: "string", doc: "Its column with the event. Default event_id." },
    "tenant-column": { type: "string", doc: "Its column with the tenant. Default: all rows are of --tenant." },
    expires: { type: "string", doc: "Its column with the end. Default: guests.tokens.lifetime from now." },
    ...POLICY,
    "dry-run": { type: "boolean", doc: "Only count." },
  },
  run: async (context) => {
    const { flags } = context;
    if (typeof flags["table"] !== "string" || typeof flags["column"] !== "string") {
      throw new UsageError(
        "Say where they are: gatehouse join-tokens migrate --table join_codes --column code --dry-run",
      );
    }
    const named = { table: "table", column: "column", id: "id", collection: "collection", expires: "expires" };
    const source = { ...texts(flags, named), ...texts(flags, { "tenant-column": "tenant" }) };
    return flags["dry-run"] === true ? survey(context, source) : migrate(context, source);
  },
};

function survey(context: CommandContext, source: object): Promise<number> {
  return operateAndShow(context, { action: "join-tokens.survey", input: { source } }, (value) => {
    const { rows, clear, weak, skipped } = Surveyed.parse(value);
    context.terminal.print(`${rows} rows, ${clear} of them with a clear text: ${clear - skipped} tokens to take over,`);
    context.terminal.print(`${weak} of these weak, and ${skipped} that cannot be taken over. Nothing was changed.`);
  });
}

/** Step by step, each in a transaction of its own: what is cut off goes on when it is begun again. */
async function migrate(context: CommandContext, source: object): Promise<number> {
  const { terminal, flags } = context;
  const said = { source, ...lists(flags, { scopes: "scopes" }), ...numbers(flags, { "weak-days": "weakDays" }) };
  let step: z.infer<typeof Step> | undefined;
  let done: z.infer<typeof Stepped> | undefined;
  while (done === undefined) {
    const input = step === undefined ? said : { ...said, step };
    let stepped: z.infer<typeof Stepped> | undefined;
    const quiet = { ...context, json: false };
    const code = await operateAndShow(quiet, { action: "join-tokens.migrate", input }, (value) => {
      stepped = Stepped.parse(value);
    });
    if (stepped === undefined) return code;
    step = Step.parse(stepped);
    const { phase, copied, present, cleared, clear } = stepped;
    terminal.note(`${PROGRESS[phase]} ... ${copied} copied, ${present} present, ${cleared} cleared, ${clear} left`);
    if (phase === "done") done = stepped;
  }
  if (context.json) terminal.printJson(done);
  else {
    const { copied, weak, present, skipped, cleared, found } = done;
    terminal.print(`${copied} tokens were taken over (${weak} weak) and ${present} had been before.`);
    terminal.print(`${found.count} were found again, checksum ${found.checksum}; ${cleared} clear texts were deleted.`);
    if (skipped > 0) terminal.print(`${skipped} rows cannot be tokens and were left as they are.`);
  }
  return 0;
}

/** `gatehouse join-tokens import FILE`. */
export const joinTokensImport: Command = {
  name: "join-tokens import",
  ofTenant: true,
  usage: "FILE",
  words: 1,
  summary:
    "Takes join tokens of an earlier system over from a CSV file with the columns text, collection, label, expires.",
  flags: POLICY,
  run: async (context) => {
    const { words, flags, terminal } = context;
    const [file] = words;
    if (file === undefined) throw new UsageError("Say from where: gatehouse join-tokens import FILE.csv");
    const said = { ...lists(flags, { scopes: "scopes" }), ...numbers(flags, { "weak-days": "weakDays" }) };
    const total = { imported: 0, weak: 0, present: 0 };
    for await (const rows of csvBatches(file, ROWS)) {
      let counts: z.infer<typeof Imported> | undefined;
      const quiet = { ...context, json: false };
      const code = await operateAndShow(quiet, { action: "join-tokens.import", input: { rows, ...said } }, (value) => {
        counts = Imported.parse(value);
      });
      if (counts === undefined) return code;
      for (const name of ["imported", "weak", "present"] as const) total[name] += counts[name];
      terminal.note(`${total.imported + total.weak + total.present} rows ...`);
    }
    if (context.json) terminal.printJson(total);
    else
      terminal.print(
        `${total.imported + total.weak} taken over (${total.weak} weak), ${total.present} present before.`,
      );
    return 0;
  },
};

interface ImportRow {
  readonly text: string;
  readonly collection: string;
  readonly label?: string;
  readonly expiresAt?: number;
}

const ROWS: CsvShape<ImportRow> = {
  columns: ["text", "collection", "label", "expires"],
  needed: 2,
  together: ROWS_AT_ONCE,
  row: (value) => {
    const expires = value("expires");
    const expiresAt = Date.parse(expires);
    if (expires !== "" && Number.isNaN(expiresAt)) throw new UsageError(`"${expires}" is no time.`);
    return {
      ...{ text: value("text"), collection: value("collection") },
      ...(value("label") === "" ? {} : { label: value("label") }),
      ...(expires === "" ? {} : { expiresAt }),
    };
  },
};
