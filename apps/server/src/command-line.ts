import { parseArgs } from "node:util";
import { closest, describeFlags } from "gatehouse/kernel";
import { flagsOf, UsageError, type Command } from "./command.ts";

type Values = Readonly<Record<string, string | boolean | undefined>>;

/** What a command line asks for. */
export interface CommandLine {
  /** Absent where no words name one. */
  readonly command: Command | undefined;
  /** Words after the command's name. */
  readonly words: readonly string[];
  /** Flags that set options of the configuration. */
  readonly settings: Values;
  /** The command's own flags. */
  readonly flags: Values;
  readonly json: boolean;
  readonly help: boolean;
  readonly version: boolean;
}

interface Flag {
  readonly type: "string" | "boolean";
  readonly short?: string;
}
type Flags = Readonly<Record<string, Flag>>;

const COMMON: Flags = {
  json: { type: "boolean" },
  help: { type: "boolean", short: "h" },
  version: { type: "boolean" },
};

/**
 * Reads a command line. Flags may stand anywhere.
 * @throws {UsageError} for unknown commands and flags, missing and surplus words and values.
 */
export function parseCommandLine(parameters: readonly string[], commands: readonly Command[]): CommandLine {
  const settings: Flags = describeFlags();
  const everyOwn: Flags = Object.fromEntries(commands.flatMap((command) => Object.entries(flagsOf(command))));
  const options = { ...everyOwn, ...settings, ...COMMON };
  const { tokens, positionals } = parseArgs({
    args: [...parameters],
    options,
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  const { command, words } = findCommand(positionals, commands);
  const own: Flags = command === undefined ? {} : flagsOf(command);
  const known = { ...settings, ...own, ...COMMON };
  const values: Record<string, string | boolean> = {};
  for (const token of tokens) {
    if (token.kind !== "option") continue;
    const flag = Object.hasOwn(known, token.name) ? known[token.name] : undefined;
    if (flag === undefined) throw unknownFlag(token.rawName, Object.keys(known), command);
    // Another flag is no value; a value that looks like one is written --flag=--value.
    const isFlag = token.inlineValue === false && FLAG.test(token.value);
    values[token.name] = valueOf(token.rawName, flag, isFlag ? undefined : token.value);
  }
  const help = values["help"] === true;
  const asksForGroup = help && positionals.length === 1 && groupOf(positionals, commands).length > 0;
  if (command === undefined && positionals.length > 0 && !asksForGroup) throw unknownCommand(positionals, commands);
  if (command !== undefined && !help && words.length > (command.words ?? 0)) throw surplusWords(command, words);
  return {
    command,
    words,
    settings: pick(values, settings),
    flags: pick(values, own),
    json: values["json"] === true,
    help,
    version: values["version"] === true,
  };
}

/** Texts that are made by chance, such as digests, may begin with one dash. */
const FLAG = /^--|^-.?$/;

/** The command the first words name, and the words after its name. */
function findCommand(
  words: readonly string[],
  commands: readonly Command[],
): { readonly command: Command | undefined; readonly words: readonly string[] } {
  for (const length of [2, 1]) {
    const name = words.slice(0, length).join(" ");
    const command = commands.find((candidate) => candidate.name === name);
    if (command !== undefined) return { command, words: words.slice(length) };
  }
  return { command: undefined, words };
}

function valueOf(name: string, { type }: Flag, value: string | undefined): string | boolean {
  if (type === "boolean") {
    if (value !== undefined) throw new UsageError(`${name} takes no value.`);
    return true;
  }
  if (value === undefined || value === "") throw new UsageError(`${name} needs a value.`);
  return value;
}

function pick(values: Values, flags: Flags): Values {
  return Object.fromEntries(Object.entries(values).filter(([name]) => Object.hasOwn(flags, name)));
}

function unknownFlag(name: string, known: readonly string[], command: Command | undefined): UsageError {
  const meant = closest(name.replace(/^-+/, ""), known);
  const hint = meant === undefined ? "" : ` Did you mean --${meant}?`;
  return new UsageError(`There is no flag ${name}.${hint} See ${helpFor(command)}.`);
}

/** The commands that begin with a word, such as `oauth`. */
export function groupOf([first = ""]: readonly string[], commands: readonly Command[]): readonly Command[] {
  return commands.filter(({ name }) => name.startsWith(`${first} `));
}

function unknownCommand(words: readonly string[], commands: readonly Command[]): UsageError {
  const names = commands.map((command) => command.name);
  const [first = ""] = words;
  const group = groupOf(words, commands).map(({ name }) => name);
  if (words.length === 1 && group.length > 0)
    return new UsageError(`Say which: gatehouse ${group.join(", gatehouse ")}.`);
  const meant = closest(words.slice(0, 2).join(" "), names) ?? closest(first, names);
  const hint = meant === undefined ? "" : ` Did you mean gatehouse ${meant}?`;
  return new UsageError(`There is no command "${words.join(" ")}".${hint} See gatehouse --help.`);
}

function surplusWords({ name, words: most = 0 }: Command, words: readonly string[]): UsageError {
  const surplus = words.slice(most).join(" ");
  return new UsageError(`gatehouse ${name} does not know what to do with "${surplus}". See gatehouse ${name} --help.`);
}

function helpFor(command: Command | undefined): string {
  return command === undefined ? "gatehouse --help" : `gatehouse ${command.name} --help`;
}
