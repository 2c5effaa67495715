#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { requireConfig, systemClock, systemRandom } from "gatehouse/kernel";
import { z } from "zod";
import { UsageError, type Command } from "./command.ts";
import { groupOf, parseCommandLine } from "./command-line.ts";
import { commands } from "./commands.ts";
import { commandHelp, generalHelp } from "./help.ts";
import { loadSettings, type Settings, type SettingsSources } from "./settings.ts";
import { createTerminal } from "./terminal.ts";

const terminal = createTerminal(process.stdout, process.stderr, process.env);

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

function productVersion(): string {
  const text = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  return z.object({ version: z.string() }).parse(JSON.parse(text)).version;
}

/** What is configured, unless the command is about no installation of this machine. */
async function settingsOf(
  command: Command,
  flags: SettingsSources["flags"],
): Promise<Pick<Settings, "config" | "application">> {
  const clock = systemClock;
  if (command.elsewhere === true) {
    return { config: requireConfig({ file: { profile: "development" }, clock }), application: {} };
  }
  const served = command.ownSettings !== true;
  return loadSettings({ directory: process.cwd(), environment: process.env, flags, clock, served });
}

async function main(parameters: readonly string[]): Promise<number> {
  const { command, words, settings, flags, json, help, version } = parseCommandLine(parameters, commands);
  if (version) {
    terminal.print(`gatehouse ${productVersion()}, Node ${process.versions.node}`);
    return 0;
  }
  if (command === undefined || help) {
    terminal.print(
      command === undefined
        ? generalHelp(words.length === 0 ? commands : groupOf(words, commands))
        : commandHelp(command),
    );
    return 0;
  }
  const { config, application } = await settingsOf(command, settings);
  return command.run({
    ...{ config, application, words, flags, json, terminal },
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
