import type { Clock } from "./clock.ts";
import type { Profile } from "./config/kind.ts";
import { closest, ENVIRONMENT_PREFIX, environmentName } from "./config/names.ts";
import { rules } from "./config/rules.ts";
import type { DefaultBy, Option } from "./config/option.ts";
import { table } from "./config/table.ts";
import type { Config, ConfigInput } from "./config/types.ts";

export type { Profile } from "./config/kind.ts";
export type { Config, ConfigInput } from "./config/types.ts";

/** Types a configuration file: `export default defineConfig({ server: { port: 8443 } })`. */
export function defineConfig(config: ConfigInput): ConfigInput {
  return config;
}

/** Where settings come from. Later ones win: defaults, file, environment, flags. */
export interface ConfigSources {
  /** The default export of a configuration file; checked, whatever its type says. */
  readonly file?: unknown;
  /** Environment variables; those that do not begin with `GATEHOUSE_` are passed over. Empty ones count as unset. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Flags by name without the dashes. */
  readonly flags?: Readonly<Record<string, string | boolean | undefined>>;
  /** The profile where no source names one; `production` by default. */
  readonly profile?: Profile;
  readonly clock: Clock;
  /** Reads a secret from the file that a variable ending in `_FILE` names. Default: such variables are refused. */
  readonly readSecretFile?: (path: string) => string;
}

/** One thing wrong with the settings. */
export interface ConfigFault {
  /** The option, or the unknown name as it was written. */
  readonly path: string;
  /** For unknown names: the one that was probably meant. */
  readonly meant?: string;
  /** What is wrong and how to mend it. Repeats no secrets. */
  readonly message: string;
}

/** Settings that cannot be used; the message lists all that is wrong with them. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  constructor(faults: readonly ConfigFault[]) {
    super(`The configuration cannot be used:\n${faults.map(({ message }) => `  - ${message}`).join("\n")}`);
  }
}

/** The configuration, or everything that is wrong with its sources. */
export type ConfigResult =
  | { readonly ok: true; readonly config: Config }
  | { readonly ok: false; readonly faults: readonly ConfigFault[] };

/** A setting as found: where, and what. */
interface Setting {
  /** For messages: `server.port`, `GATEHOUSE_SERVER_PORT`, `--port`. */
  readonly source: string;
  readonly input: unknown;
}

// The table's own type is too precise to look up by a path found at run time.
const options = new Map<string, Option>(Object.entries<Option>(table));
const pathByEnvironment = new Map([...options.keys()].map((path) => [environmentName(path), path]));
const pathByFlag = new Map<string, string>();
for (const [path, { flag }] of options) if (flag !== undefined) pathByFlag.set(flag, path);
// Options and the sections they are in: `server` as well as `server.port`.
const fileNames = new Set(
  [...options.keys()].flatMap((path) => path.split(".").map((_, index, names) => names.slice(0, index + 1).join("."))),
);
const flagNames = [...pathByFlag.keys()].map((name) => `--${name}`);
const PROFILE_NAMES = ["profile", environmentName("profile"), "--profile"];
const SECRET_FILE_SUFFIX = "_FILE";

/** Merges the sources into the complete, frozen configuration, or tells everything that is wrong with them. */
export function resolveConfig(sources: ConfigSources): ConfigResult {
  const found: Findings = { settings: new Map(), faults: [] };
  collectFile(sources.file, "", found);
  collectEnvironment(sources, found);
  collectFlags(sources.flags ?? {}, found);
  const config = readAll(sources, found);
  const faulty = new Set(found.faults.map(({ path, meant }) => meant ?? path));
  const now = sources.clock.now();
  // Without the profile that was meant, defaults and rules are those of another one.
  const isProfileKnown = !PROFILE_NAMES.some((name) => faulty.has(name));
  for (const rule of isProfileKnown ? rules : []) {
    const applies = rule.profile === undefined || rule.profile === config.profile;
    if (!applies || rule.paths.some((path) => faulty.has(path)) || !rule.broken(config, now)) continue;
    const [path] = rule.paths;
    found.faults.push({ path, message: `${path}: ${rule.refuses} ${rule.fix}` });
  }
  return found.faults.length === 0 ? { ok: true, config } : { ok: false, faults: found.faults };
}

/**
 * The configuration that `resolveConfig` finds.
 * @throws {ConfigError} when it cannot be used.
 */
export function requireConfig(sources: ConfigSources): Config {
  const result = resolveConfig(sources);
  if (!result.ok) throw new ConfigError(result.faults);
  return result.config;
}

interface Findings {
  readonly settings: Map<string, Setting>;
  readonly faults: ConfigFault[];
}

function collectFile(value: unknown, path: string, found: Findings): void {
  if (value === undefined) return;
  if (options.has(path)) {
    found.settings.set(path, { source: path, input: value });
    return;
  }
  const prefix = path === "" ? "" : `${path}.`;
  if (path !== "" && !fileNames.has(path)) {
    found.faults.push(unknownName(path, "option", fileNames));
  } else if (typeof value !== "object" || value === null || Array.isArray(value)) {
    const place = path === "" ? "The configuration" : path;
    found.faults.push({ path, message: `${place}: expected an object with options in it.` });
  } else {
    for (const [name, member] of Object.entries(value)) collectFile(member, prefix + name, found);
  }
}

function collectEnvironment(sources: ConfigSources, found: Findings): void {
  const unknown: string[] = [];
  for (const [name, input] of Object.entries(sources.environment ?? {})) {
    if (!name.startsWith(ENVIRONMENT_PREFIX) || input === undefined || input === "") continue;
    const path = pathByEnvironment.get(name);
    if (path !== undefined) found.settings.set(path, { source: name, input });
    else if (!collectSecretFile(name, input, { sources, found })) unknown.push(name);
  }
  const keys = found.settings.get("keys.environment")?.input;
  for (const name of unknown) {
    if (name !== keys) found.faults.push(unknownName(name, "environment variable", pathByEnvironment.keys()));
  }
}

/** Takes a secret from the file that `name` points to; `false` when the name is not of that form. */
function collectSecretFile(
  name: string,
  file: string,
  { sources, found }: { readonly sources: ConfigSources; readonly found: Findings },
): boolean {
  const path = name.endsWith(SECRET_FILE_SUFFIX) && pathByEnvironment.get(name.slice(0, -SECRET_FILE_SUFFIX.length));
  if (path === undefined || path === false || options.get(path)?.secret !== true || !sources.readSecretFile)
    return false;
  try {
    found.settings.set(path, { source: name, input: sources.readSecretFile(file).trim() });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    found.faults.push({ path, message: `${name}: the file cannot be read (${reason}).` });
  }
  return true;
}

function collectFlags(flags: Readonly<Record<string, string | boolean | undefined>>, found: Findings): void {
  for (const [name, input] of Object.entries(flags)) {
    if (input === undefined) continue;
    const path = pathByFlag.get(name);
    if (path === undefined) found.faults.push(unknownName(`--${name}`, "flag", flagNames));
    else found.settings.set(path, { source: `--${name}`, input });
  }
}

function unknownName(name: string, what: string, known: Iterable<string>): ConfigFault {
  const meant = closest(name, known);
  const message = `${name}: there is no such ${what}.`;
  return meant === undefined
    ? { path: name, message }
    : { path: name, meant, message: `${message} Did you mean ${meant}?` };
}

/** Reads every setting, or its default, in the order of the table. */
function readAll(sources: ConfigSources, found: Findings): Config {
  const values = new Map<string, unknown>();
  for (const [path, option] of options) {
    const setting = found.settings.get(path);
    let value = setting === undefined ? undefined : option.kind.read(setting.input);
    if (setting !== undefined && value === undefined) {
      const got = option.secret ? "" : `, got ${show(setting.input)}`;
      found.faults.push({ path, message: `${setting.source}: expected ${option.kind.expects}${got}.` });
    }
    if (value === undefined) {
      const fallback = path === "profile" ? (sources.profile ?? option.default) : defaultOf(option, values);
      value = fallback === undefined ? undefined : option.kind.read(fallback);
    }
    values.set(path, value);
  }
  return nest(values);
}

function defaultOf(option: Option, values: ReadonlyMap<string, unknown>): unknown {
  const fallback = option.default;
  return isDefaultBy(fallback) ? fallback.values[String(values.get(fallback.by))] : fallback;
}

function isDefaultBy(value: unknown): value is DefaultBy<unknown> {
  return typeof value === "object" && value !== null && "by" in value && "values" in value;
}

function nest(values: ReadonlyMap<string, unknown>): Config {
  const root: Record<string, unknown> = {};
  const sections = new Map<string, Record<string, unknown>>([["", root]]);
  for (const [path, value] of values) {
    const end = path.lastIndexOf(".");
    sectionAt(sections, path.slice(0, Math.max(end, 0)))[path.slice(end + 1)] = value;
  }
  for (const section of sections.values()) Object.freeze(section);
  // Every path of the table was set, each by the reader of its own kind.
  return root as Config;
}

function sectionAt(sections: Map<string, Record<string, unknown>>, path: string): Record<string, unknown> {
  const known = sections.get(path);
  if (known !== undefined) return known;
  const section: Record<string, unknown> = {};
  const end = path.lastIndexOf(".");
  sectionAt(sections, path.slice(0, Math.max(end, 0)))[path.slice(end + 1)] = section;
  sections.set(path, section);
  return section;
}

const LONGEST_SHOWN = 80;

function show(input: unknown): string {
  const text =
    typeof input === "object" ? JSON.stringify(input) : typeof input === "string" ? `"${input}"` : String(input);
  return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}...` : text;
}

/** An option as help and reference pages show it. */
export interface OptionDescription {
  readonly path: string;
  /** What to write. */
  readonly expects: string;
  /** As it would be written; `undefined` where there is none. */
  readonly default: string | undefined;
  readonly environment: string;
  /** With its dashes. */
  readonly flag: string | undefined;
  readonly secret: boolean;
  readonly doc: string;
  /** What is refused, and in which profile. */
  readonly refuses: readonly { readonly profile: Profile | undefined; readonly reason: string; readonly fix: string }[];
}

/** Every option, in the order of the table. */
export function describeOptions(): readonly OptionDescription[] {
  return [...options].map(([path, option]) => ({
    path,
    expects: option.kind.expects,
    default: describeDefault(option.default),
    environment: environmentName(path),
    flag: option.flag === undefined ? undefined : `--${option.flag}`,
    secret: option.secret,
    doc: option.doc,
    refuses: rules
      .filter((rule) => rule.paths[0] === path)
      .map(({ profile, refuses, fix }) => ({ profile, reason: refuses, fix })),
  }));
}

function describeDefault(value: unknown): string | undefined {
  if (!isDefaultBy(value)) return value === undefined ? undefined : formatDefault(value);
  return Object.entries(value.values)
    .map(([when, fallback]) => `${formatDefault(fallback)} (${when})`)
    .join(", ");
}

function formatDefault(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** The flags, in the form that `parseArgs` of `node:util` takes. */
export function describeFlags(): Readonly<Record<string, { readonly type: "string" | "boolean" }>> {
  const flags: Record<string, { readonly type: "string" | "boolean" }> = {};
  for (const [name, path] of pathByFlag) {
    flags[name] = { type: options.get(path)?.kind.flagOnly === true ? "boolean" : "string" };
  }
  return flags;
}
