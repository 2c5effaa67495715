import { describeOptions, type OptionDescription } from "../../packages/gatehouse/src/kernel/config.ts";
import { code, page, table, type Page } from "./page.ts";

function section(path: string): string {
  return path.includes(".") ? (path.split(".")[0] ?? path) : "general";
}

function describe(option: OptionDescription): string {
  const names = [option.environment, ...(option.flag === undefined ? [] : [option.flag])].map(code).join(", ");
  const lines = [
    `### ${option.path}`,
    option.doc,
    table(
      ["expects", "default", "also as"],
      [[option.expects, option.default === undefined ? "none" : code(option.default), names]],
    ),
  ];
  if (option.secret) {
    lines.push(`A secret: never shown. ${code(`${option.environment}_FILE`)} names a file to read it from.`);
  }
  for (const { profile, reason, fix } of option.refuses) {
    const where = profile === undefined ? "Refused" : `Refused in ${profile}`;
    lines.push(`${where}: ${reason} ${fix}`);
  }
  return lines.join("\n\n");
}

/** The page of all options. */
export function configurationPage(): Page {
  const options = describeOptions();
  const sections = new Map<string, OptionDescription[]>();
  for (const option of options) {
    const name = section(option.path);
    sections.set(name, [...(sections.get(name) ?? []), option]);
  }
  const parts = [...sections].map(([name, members]) => [`## ${name}`, ...members.map(describe)].join("\n\n"));
  return page("configuration.md", "Configuration", [
    "Options come from, later ones winning: their defaults, a configuration file, environment variables, flags of the " +
      "command line. The file is `gatehouse.config.ts` in the working directory, or the one `--config` names:",
    '```ts\nimport { defineConfig } from "gatehouse";\n\nexport default defineConfig({ server: { port: 8443 } });\n```',
    "Everything that is wrong with the options is reported at once, with the option's path and what to do, and the " +
      "server does not start. Durations are written `500ms`, `30s`, `15m`, `8h`, `90d`; sizes `64KiB`, `1MiB`; lists " +
      "in environment variables and flags are separated by commas.",
    ...parts,
  ]);
}
