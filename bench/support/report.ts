import { readFileSync } from "node:fs";
import { findPackageJSON } from "node:module";
import { arch, cpus, loadavg, platform, release } from "node:os";
import { systemClock } from "gatehouse/kernel";

/** What one benchmark found out. Every benchmark reports in this form. */
export interface Report {
  /** Folder of the benchmark. */
  readonly benchmark: string;
  readonly tables: readonly Table[];
  readonly goals?: readonly Goal[];
  /** Versions of the peers by name. */
  readonly versions?: Readonly<Record<string, string>>;
}

/** Measurements as rows. Numbers are kept as they are for `--json`, and rounded for people. */
export interface Table {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
}

/** What was aimed at. */
export interface Goal {
  readonly text: string;
  readonly reached: number;
  readonly least: number;
}

/** Prints a report: tables for people, or everything as one line of JSON with `--json`. */
export function print(report: Report): void {
  const where = environment(report.versions ?? {});
  if (process.argv.includes("--json")) {
    console.log(JSON.stringify({ ...where, ...report }));
    return;
  }
  console.log(`${where.date} · ${where.machine} · ${where.software}`);
  for (const table of report.tables) printTable(table);
  for (const { text, reached, least } of report.goals ?? []) {
    console.log(`\n${reached >= least ? "Reached" : "MISSED"}: ${text} (${rounded(reached)}, goal ${rounded(least)})`);
  }
}

function printTable({ title, columns, rows }: Table): void {
  console.log(`\n**${title}**\n`);
  console.log(`| ${columns.join(" | ")} |`);
  console.log(`|${columns.map((_, index) => (index === 0 ? "---" : "---:")).join("|")}|`);
  for (const row of rows) console.log(`| ${row.map((cell) => rounded(cell)).join(" | ")} |`);
}

function environment(versions: Readonly<Record<string, string>>): Record<"date" | "machine" | "software", string> {
  const processors = cpus();
  const load = loadavg().map((value) => value.toFixed(1));
  const software = { Node: process.versions.node, SQLite: process.versions["sqlite"] ?? "?", ...versions };
  return {
    date: new Date(systemClock.now()).toISOString().slice(0, 10),
    machine: `${processors.length} cores ${processors[0]?.model.trim() ?? "?"}, ${platform()} ${release()} ${arch()}, load ${load[0]}`,
    software: Object.entries(software)
      .map(([name, version]) => `${name} ${version}`)
      .join(", "),
  };
}

/** Three significant digits, with thousands separated. */
function rounded(cell: string | number): string {
  if (typeof cell === "string") return cell;
  if (!Number.isFinite(cell)) return "-";
  return Math.abs(cell) >= 100 ? Math.round(cell).toLocaleString("en") : String(Number(cell.toPrecision(3)));
}

/** The middle value. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}

/** The installed versions of packages. */
export function versionsOf(...names: readonly string[]): Record<string, string> {
  const found = names.map((name) => {
    const path = findPackageJSON(name, import.meta.url);
    const { version }: { version: string } = JSON.parse(path === undefined ? "{}" : readFileSync(path, "utf8"));
    return [name, version] as const;
  });
  return Object.fromEntries(found);
}

/** The value of `--name=N`. */
export function numberOption(name: string, otherwise: number): number {
  const given = process.argv.find((argument) => argument.startsWith(`--${name}=`));
  return given === undefined ? otherwise : Number(given.split("=")[1]);
}

/** The values of `--name=A,B`. */
export function listOption(name: string, otherwise: readonly string[]): string[] {
  const given = process.argv.find((argument) => argument.startsWith(`--${name}=`));
  return given === undefined ? [...otherwise] : given.slice(name.length + 3).split(",");
}
