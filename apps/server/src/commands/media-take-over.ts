import { z } from "zod";
import { UsageError, type Command, type CommandContext } from "../command.ts";
import { csvBatches, type CsvShape } from "../csv.ts";
import { operateAndShow } from "../operate.ts";

const Answer = z.object({
  files: z.array(z.object({ path: z.string(), asset: z.string().optional(), state: z.string() })),
});
type File = z.infer<typeof Answer>["files"][number];

/** `gatehouse media take-over FILE`. */
export const mediaTakeOver: Command = {
  name: "media take-over",
  ofTenant: true,
  usage: "FILE [--dry-run | --verify]",
  words: 1,
  summary:
    "Takes over files of an earlier system that lie below media.takeOver.directory, named by a CSV file with the columns path, collection, name.",
  flags: {
    "dry-run": { type: "boolean", doc: "Only say which are there, and which were taken over before." },
    verify: { type: "boolean", doc: "Only say what has become of each; fails unless all are published." },
  },
  run: async (context) => {
    const { words, flags } = context;
    const [file] = words;
    if (file === undefined) throw new UsageError("Say from where: gatehouse media take-over FILE.csv --dry-run");
    const looks = flags["dry-run"] === true || flags["verify"] === true;
    const action = looks ? "media.take-over.survey" : "media.take-over";
    const files: File[] = [];
    for await (const rows of csvBatches(file, FILES)) {
      const code = await answer(context, { action, input: { files: rows } }, files);
      if (code !== 0) return code;
      context.terminal.note(`${files.length} files ...`);
    }
    show(context, files);
    return flags["verify"] === true && files.some(({ state }) => state !== "published") ? 1 : 0;
  },
};

async function answer(
  context: CommandContext,
  operation: { readonly action: string; readonly input: object },
  files: File[],
): Promise<number> {
  return operateAndShow(
    { ...context, json: false },
    operation,
    (value) => void files.push(...Answer.parse(value).files),
  );
}

function show({ terminal, json }: CommandContext, files: readonly File[]): void {
  if (json) return terminal.printJson({ files });
  const counts = new Map<string, number>();
  for (const { state } of files) counts.set(state, (counts.get(state) ?? 0) + 1);
  const counted = [...counts].map(([state, count]) => `${count} ${state}`).join(", ");
  terminal.print(`${files.length} files${counted === "" ? "" : `: ${counted}`}.`);
  for (const { path, state } of files) if (state === "absent") terminal.print(`absent: ${path}`);
}

interface Row {
  readonly path: string;
  readonly collection: string;
  readonly name?: string;
}

const FILES: CsvShape<Row> = {
  columns: ["path", "collection", "name"],
  needed: 2,
  together: 20,
  row: (value) => {
    const row = { path: value("path"), collection: value("collection") };
    return value("name") === "" ? row : { ...row, name: value("name") };
  },
};
