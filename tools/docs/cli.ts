import { flagsOf } from "../../apps/server/src/command.ts";
import { commands } from "../../apps/server/src/commands.ts";
import { commandHelp } from "../../apps/server/src/help.ts";
import { code, page, table, type Page } from "./page.ts";

/** The page of the command line. */
export function cliPage(): Page {
  const rows = commands.map(({ name, summary }) => [
    `[${code(`gatehouse ${name}`)}](#gatehouse-${name.replaceAll(" ", "-")})`,
    summary,
  ]);
  const parts = commands.map((command) => {
    const own = Object.entries(flagsOf(command)).map(([name, { doc }]) => [code(`--${name}`), doc]);
    const usage =
      commandHelp(command)
        .split("\n")[0]
        ?.replace(/^Usage: /, "") ?? command.name;
    return [
      `## gatehouse ${command.name}`,
      command.summary,
      `\`\`\`sh\n${usage}\n\`\`\``,
      ...(own.length === 0 ? [] : [table(["flag", "what it does"], own)]),
    ].join("\n\n");
  });
  return page("cli.md", "Command line", [
    "In the repository `npm run gatehouse -- <command>` runs the `gatehouse` command; `npm start` is the command `start`. " +
      "Every command takes `--json` and the flags of [configuration](configuration.md); `--help` shows them.",
    table(["command", "what it does"], rows),
    ...parts,
  ]);
}
