import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { UsageError, type Command, type CommandContext } from "../command.ts";

/** Types of orders are named like actions, in two words. */
const NAME = /^([a-z][a-z0-9]{0,30})\.([a-z][a-z0-9-]{0,30}[a-z0-9])$/;
const FILES = ["order.ts", "order.test.ts"] as const;

/** `gatehouse work make-type NAME`. */
export const workMakeType: Command = {
  ...{ name: "work make-type", elsewhere: true, words: 1, usage: "NOUN.VERB [--into DIR]" },
  summary: "Writes a type of work orders with its test, to be changed into what is needed.",
  flags: { into: { type: "string", doc: "The folder. Default: this one." } },
  run: async (context) => {
    const names = namesOf(context.words[0] ?? "");
    const { into = "." } = context.flags;
    const folder = String(into);
    await mkdir(folder, { recursive: true });
    const written: string[] = [];
    for (const file of FILES) {
      const path = join(folder, `${names.file}-${file}`);
      await write(path, renamed(await template(file), names));
      written.push(path);
    }
    tell(context, written, names);
    return 0;
  },
};

interface Names {
  /** `recipes.time`. */
  readonly type: string;
  /** `recipes`: what is changed. */
  readonly noun: string;
  /** `recipes-time`. */
  readonly file: string;
  /** `recipesTime`. */
  readonly variable: string;
}

function namesOf(type: string): Names {
  const [, noun, verb] = NAME.exec(type) ?? [];
  if (noun === undefined || verb === undefined)
    throw new UsageError("Say its name in two words of small letters: gatehouse work make-type recipes.time");
  const words = [noun, ...verb.split("-")];
  const variable = words.map((word, index) => (index === 0 ? word : capital(word))).join("");
  return { type, noun, file: words.join("-"), variable };
}

function capital(word: string): string {
  return word.slice(0, 1).toUpperCase() + word.slice(1);
}

function template(file: (typeof FILES)[number]): Promise<string> {
  return readFile(new URL(`../templates/sample-${file}`, import.meta.url), "utf8");
}

function renamed(text: string, { type, noun, file, variable }: Names): string {
  return text
    .replaceAll("sample.change", type)
    .replaceAll("sample-order", `${file}-order`)
    .replaceAll(/\bSample(?=[A-Z])/g, capital(variable))
    .replaceAll(/\bsample(?=[A-Z])/g, variable)
    .replaceAll(/\bsample\b/g, noun);
}

/** Nothing that is there is written over. */
async function write(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text, { flag: "wx" });
  } catch (error) {
    const isThere = error instanceof Error && "code" in error && error.code === "EEXIST";
    throw new UsageError(isThere ? `${path} is there already.` : `${path} cannot be written: ${String(error)}`);
  }
}

function tell({ terminal, json }: CommandContext, files: readonly string[], { variable, type }: Names): void {
  if (json) return terminal.printJson({ type, files });
  for (const file of files) terminal.print(`Wrote ${file}`);
  terminal.print(`Run the test: node --test ${files[1] ?? ""}`);
  terminal.print(
    `Then name the type in your application: work: { types: [${variable}Order(${variable}Resource(documents))] }`,
  );
}
