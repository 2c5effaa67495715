import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { UsageError, type Command, type CommandContext } from "../command.ts";
import { change, numberOf } from "./work.ts";

/** `gatehouse work propose TYPE`. */
export const workPropose: Command = {
  ...{ name: "work propose", ofTenant: true, words: 1 },
  usage: "TYPE --input JSON | --input-file FILE | --input-stdin [--title TEXT] [--priority N]",
  summary: "Proposes an order of a type. Nothing is changed before somebody else has approved its plan.",
  flags: {
    input: { type: "string", doc: "What is proposed, as JSON; work types --json shows the schema." },
    "input-file": { type: "string", doc: "A file that holds it instead." },
    "input-stdin": { type: "boolean", doc: "Reads it from the standard input instead." },
    title: { type: "string", doc: "What reviewers read first." },
    priority: { type: "string", doc: "From 0 to 100; higher is first. Default 0." },
  },
  run: async (context) => {
    const [type] = context.words;
    if (type === undefined) throw new UsageError("Say what: gatehouse work propose TYPE --input '{...}'");
    const { title } = context.flags;
    return change(context, "work.propose", {
      ...{ type, input: jsonOf(await inputOf(context)) },
      ...(title === undefined ? {} : { title }),
      ...(context.flags["priority"] === undefined ? {} : { priority: numberOf(context, "priority") }),
    });
  },
};

async function inputOf({ flags }: CommandContext): Promise<string> {
  const { input, "input-file": file, "input-stdin": piped } = flags;
  if ([input, file, piped].filter((given) => given !== undefined).length !== 1) {
    throw new UsageError("Say what, in one way: --input '{...}', --input-file FILE or --input-stdin.");
  }
  if (piped === true) return text(process.stdin);
  if (typeof file !== "string") return String(input);
  try {
    return await readFile(file, "utf8");
  } catch {
    throw new UsageError(`The file ${file} cannot be read.`);
  }
}

function jsonOf(given: string): unknown {
  try {
    return JSON.parse(given);
  } catch {
    throw new UsageError("The input has to be JSON.");
  }
}
