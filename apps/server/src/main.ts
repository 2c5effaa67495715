#!/usr/bin/env node
import { parseArgs } from "node:util";
import { describeFlags, systemClock, systemRandom } from "gatehouse/kernel";
import { UsageError, type Command } from "./command.ts";
import { commands } from "./commands.ts";
import { commandHelp, generalHelp } from "./help.ts";
import { loadSettings } from "./settings.ts";
import { createTerminal } from "./terminal.ts";

const terminal = createTerminal(process.stdout, process.stderr, process.env);

/** The command the first words name, and the words after its name. */
function findCommand(words: readonly string[]): { command: Command; rest: readonly string[] } | undefined {
  for (const length of [2, 1]) {
    const name = words.slice(0, length).join(" ");
    const command = commands.find((candidate) => candidate.name === name);
    if (command !== undefined) return { command, rest: words.slice(length) };
  }
  return undefined;
}

interface ParsedLine {
  readonly words: readonly string[];
  readonly values: Readonly<Record<string, string | boolean | undefined>>;
}

function parseLine(parameters: readonly string[], command: Command | undefined): ParsedLine {
  const own = Object.entries(command?.flags ?? {}).map(([name, { type }]) => [name, { type }] as const);
  const options = {
    ...describeFlags(),
    ...Object.fromEntries(own),
    json: { type: "boolean" },
    help: { type: "boolean", short: "h" },
  } as const;
  try {
    const { positionals, values } = parseArgs({ args: [...parameters], options, allowPositionals: true, strict: true });
    return { words: positionals, values };
  } catch (error) {
    const reason = error instanceof Error ? error.message.split(". ")[0] : String(error);
    throw new UsageError(`${reason}. See gatehouse ${command === undefined ? "" : `${command.name} `}--help.`);
  }
}

/** A process asked to stop once finishes what it does; asked again it ends at once. */
function stopSignal(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      if (controller.signal.aborted) process.exit(130);
      controller.abort();
    });
  }
  return controller.signal;
}

async function main(parameters: readonly string[]): Promise<number> {
  const named = findCommand(parameters.filter((parameter) => !parameter.startsWith("-")));
  const { words, values } = parseLine(parameters, named?.command);
  const found = findCommand(words);
  if (values["help"] === true) {
    terminal.print(found === undefined ? generalHelp(commands) : commandHelp(found.command));
    return 0;
  }
  if (found === undefined) {
    if (words.length === 0) terminal.print(generalHelp(commands));
    else terminal.note(`There is no command "${words.join(" ")}". See gatehouse --help.`);
    return words.length === 0 ? 0 : 2;
  }
  const { command, rest } = found;
  const own = new Set([...Object.keys(command.flags ?? {}), "json", "help"]);
  const entries = Object.entries(values);
  const settings = await loadSettings({
    directory: process.cwd(),
    environment: process.env,
    flags: Object.fromEntries(entries.filter(([name]) => !own.has(name))),
    clock: systemClock,
  });
  return command.run({
    config: settings.config,
    application: settings.application,
    words: rest,
    flags: Object.fromEntries(entries.filter(([name]) => own.has(name))),
    json: values["json"] === true,
    terminal,
    log: process.stdout,
    clock: systemClock,
    random: systemRandom,
    environment: process.env,
    stop: stopSignal(),
  });
}

// A reader that has seen enough, such as `head`, is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit();
});

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const expected =
    error instanceof UsageError ||
    (error instanceof Error && /Error$/.test(error.name) && error.name !== "Error" && error.name !== "TypeError");
  terminal.note(
    expected && error instanceof Error ? error.message : String(error instanceof Error ? error.stack : error),
  );
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
