import { describeOptions } from "gatehouse/kernel";
import { flagsOf, type Command } from "./command.ts";

/** What `gatehouse --help` prints: the commands, and the options that have flags. */
export function generalHelp(commands: readonly Command[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  const listed = commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`);
  return [
    "Gatehouse, the guarded way into a web application.",
    "",
    "Usage: gatehouse COMMAND [options]",
    "",
    "Commands:",
    ...listed,
    "",
    "Options of every command:",
    ...optionLines(),
    "  --json                   Answer as JSON.",
    "  --help                   This text, or that of the command.",
    "  --version                Prints the version.",
    "",
    "Every option can also be set in gatehouse.config.ts or by an environment variable;",
    "docs/reference/configuration.md lists them all.",
  ].join("\n");
}

/** What `gatehouse COMMAND --help` prints. */
export function commandHelp(command: Command): string {
  const flags = Object.entries(flagsOf(command)).map(([name, { doc }]) => `  ${`--${name}`.padEnd(24)} ${doc}`);
  return [
    `Usage: gatehouse ${command.name}${command.usage === "" ? "" : ` ${command.usage}`}`,
    "",
    command.summary,
    "",
    "Options:",
    ...flags,
    ...optionLines(),
    "  --json                   Answer as JSON.",
  ].join("\n");
}

function optionLines(): string[] {
  return describeOptions().flatMap(({ flag, environment, default: fallback, doc }) => {
    if (flag === undefined) return [];
    const more = fallback === undefined ? environment : `${environment}, default ${fallback}`;
    return [`  ${flag.padEnd(24)} ${doc}`, `  ${"".padEnd(24)} (${more})`];
  });
}
