import { z } from "zod";
import { UsageError, type Command, type CommandContext } from "../command.ts";
import { operateAndShow } from "../operate.ts";
import { formatTable } from "../terminal.ts";

const Target = z.object({
  name: z.string(),
  level: z.string(),
  failure: z.string(),
  p50: z.number().optional(),
  p95: z.number().optional(),
  used: z.number().optional(),
  total: z.number().optional(),
  daysToFull: z.number().optional(),
  copies: z.object({ files: z.number(), damaged: z.number() }),
  halted: z.object({ reason: z.string() }).optional(),
});
type Target = z.infer<typeof Target>;
const Targets = z.object({ targets: z.array(Target) });
const State = Targets.extend({
  files: z.array(z.object({ state: z.string(), files: z.number(), bytes: z.number() })),
  failed: z.array(z.object({ kind: z.string(), key: z.string(), reason: z.string() })),
});
const Counted = z.object({ files: z.number() });
const Verified = z.object({ results: z.array(z.object({ key: z.string(), place: z.string(), result: z.string() })) });
const Manifest = z.object({ manifest: z.string() });

const USAGE = "collection|asset ID";

/** `gatehouse storage list`. */
export const storageList: Command = {
  name: "storage list",
  usage: "",
  summary: "Shows storage targets, how many files are where, and transfers that failed.",
  run: (context) =>
    operateAndShow(context, { action: "storage.list", input: {} }, (value) => {
      const { terminal } = context;
      const { targets, files, failed } = State.parse(value);
      showTargets(context, targets);
      terminal.print();
      const rows = files.map(({ state, files: count, bytes }) => [state, String(count), String(bytes)]);
      terminal.print(formatTable(["FILES", "COUNT", "BYTES"], rows));
      for (const { kind, key, reason } of failed) terminal.print(`${kind} of ${key} failed: ${reason}`);
    }),
};

/** `gatehouse storage probe`. */
export const storageProbe: Command = {
  name: "storage probe",
  usage: "",
  summary: "Writes, reads and deletes files at every storage target now, and shows how they are.",
  run: (context) =>
    operateAndShow(context, { action: "storage.probe", input: {} }, (value) => {
      showTargets(context, Targets.parse(value).targets);
    }),
};

/** `gatehouse storage archive`. */
export const storageArchive: Command = {
  name: "storage archive",
  ofTenant: true,
  usage: USAGE,
  words: 2,
  summary: "Has files copied to the archive now, and those that are copied already deleted from hot.",
  run: (context) =>
    operateAndShow(context, { action: "storage.archive", input: selectionOf(context) }, (value) => {
      context.terminal.print(`${Counted.parse(value).files} files are on their way to the archive.`);
    }),
};

/** `gatehouse storage restore`. */
export const storageRestore: Command = {
  name: "storage restore",
  ofTenant: true,
  usage: USAGE,
  words: 2,
  summary: "Has the files of a collection or an asset brought back from the archive.",
  run: (context) =>
    operateAndShow(context, { action: "storage.restore", input: selectionOf(context) }, (value) => {
      context.terminal.print(`${Counted.parse(value).files} files are being restored.`);
    }),
};

/** `gatehouse storage verify`. */
export const storageVerify: Command = {
  name: "storage verify",
  ofTenant: true,
  usage: USAGE,
  words: 2,
  summary: "Reads every copy of a collection or an asset and compares it with its digest; heals what can be healed.",
  run: (context) =>
    operateAndShow(context, { action: "storage.verify", input: selectionOf(context) }, (value) => {
      const { results } = Verified.parse(value);
      const bad = results.filter(({ result }) => result !== "intact");
      const rows = bad.map(({ key, place, result }) => [key, place, result]);
      if (bad.length > 0) context.terminal.print(formatTable(["FILE", "PLACE", "RESULT"], rows));
      context.terminal.print(`${results.length - bad.length} of ${results.length} copies are intact.`);
    }),
};

/** `gatehouse storage manifest`. */
export const storageManifest: Command = {
  name: "storage manifest",
  ofTenant: true,
  usage: "COLLECTION",
  words: 1,
  summary: "Prints the digests of a collection's files, as sha256sum --check reads them.",
  run: (context) => {
    const [collection] = context.words;
    if (collection === undefined) throw new UsageError("Say which: gatehouse storage manifest COLLECTION.");
    return operateAndShow(context, { action: "storage.manifest", input: { collection } }, (value) => {
      context.terminal.print(Manifest.parse(value).manifest.trimEnd());
    });
  },
};

/** `gatehouse storage resume`. */
export const storageResume: Command = {
  name: "storage resume",
  usage: "hot|archive",
  words: 1,
  summary: "Lets transfers and deletions go on after too many copies were damaged.",
  run: (context) => {
    const [target] = context.words;
    if (target === undefined) throw new UsageError("Say which: gatehouse storage resume archive.");
    return operateAndShow(context, { action: "storage.resume", input: { target } }, () => {
      context.terminal.print(`Transfers to ${target} go on.`);
    });
  },
};

function selectionOf({ words: [kind, id] }: CommandContext): Readonly<Record<string, string>> {
  if ((kind !== "collection" && kind !== "asset") || id === undefined) {
    throw new UsageError("Say which files: collection ID, or asset ID.");
  }
  return { [kind]: id };
}

function showTargets({ terminal }: CommandContext, targets: readonly Target[]): void {
  const rows = targets.map(({ name, level, used, total, daysToFull, p50, p95, copies }) => [
    ...[name, level, used === undefined || total === undefined ? "-" : `${Math.round((used / total) * 100)} %`],
    ...[daysToFull, p50, p95].map((value) => (value === undefined ? "-" : String(Math.round(value)))),
    ...[String(copies.files), String(copies.damaged)],
  ]);
  const headings = ["TARGET", "STATE", "FULL", "DAYS LEFT", "P50 MS", "P95 MS", "COPIES", "DAMAGED"];
  terminal.print(formatTable(headings, rows));
  for (const { name, failure, halted } of targets) {
    if (failure !== "") terminal.print(`${name}: ${failure}`);
    if (halted !== undefined) terminal.print(`Transfers to ${name} are stopped: ${halted.reason}`);
  }
}
