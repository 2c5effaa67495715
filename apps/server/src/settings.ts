import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { Application } from "gatehouse";
import { controlSocketPath } from "gatehouse/control";
import { ConfigError, resolveConfig, type Clock, type Config, type Profile } from "gatehouse/kernel";
import { UsageError } from "./command.ts";

/** Where settings are looked for. */
export interface SettingsSources {
  readonly directory: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly flags: Readonly<Record<string, string | boolean | undefined>>;
  readonly profile?: Profile;
  /** Whether a server that runs in the data directory may do without settings that could start one. Default false. */
  readonly served?: boolean;
  readonly clock: Clock;
}

/** The resolved configuration and the application it names. */
export interface Settings {
  readonly config: Config;
  readonly application: Application;
  /** The configuration file that was read, if any. */
  readonly file: string | undefined;
}

const CONFIG_FILE = "gatehouse.config.ts";
const CONFIG_VARIABLE = "GATEHOUSE_CONFIG_FILE";

interface ConfigModule {
  readonly default?: unknown;
  readonly application?: Application;
}

/**
 * Reads the configuration file, the environment and the flags.
 * @throws {UsageError} listing everything that is wrong with them.
 */
export async function loadSettings(sources: SettingsSources): Promise<Settings> {
  const file = findConfigFile(sources);
  const module: ConfigModule = file === undefined ? {} : await importConfig(file);
  const { environment, flags, clock, profile, served = false } = sources;
  const input = { file: module.default, environment, flags, clock, readSecretFile: readText };
  const result = resolveConfig(profile === undefined ? input : { ...input, profile });
  const application = module.application ?? {};
  if (result.ok) return { config: result.config, application, file };
  const config = served ? whereServed(input) : undefined;
  if (config === undefined) throw new UsageError(new ConfigError(result.faults).message);
  return { config, application, file };
}

function readText(path: string): string {
  return readFileSync(path, "utf8");
}

/** What is safe to start is no matter for a server that runs: of these settings its data directory alone counts. */
function whereServed(input: Parameters<typeof resolveConfig>[0]): Config | undefined {
  const result = resolveConfig({ ...input, profile: "development" });
  return result.ok && existsSync(controlSocketPath(result.config.dataDirectory)) ? result.config : undefined;
}

function findConfigFile({ directory, environment, flags }: SettingsSources): string | undefined {
  const named = flags["config"] ?? environment[CONFIG_VARIABLE];
  if (typeof named === "string" && named !== "") {
    const path = resolve(directory, named);
    if (!existsSync(path)) throw new UsageError(`There is no configuration file at ${path}.`);
    return path;
  }
  const usual = resolve(directory, CONFIG_FILE);
  return existsSync(usual) ? usual : undefined;
}

async function importConfig(file: string): Promise<ConfigModule> {
  try {
    // A configuration module exports its settings as default and may export the application beside them.
    return (await import(pathToFileURL(file).href)) as ConfigModule;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const hint = /^Cannot find package '(gatehouse|@gatehouse\/)/.test(reason)
      ? "\nNode looks for packages from the file's own folder upwards: keep the file inside the repository, or in a " +
        "project that has gatehouse installed."
      : "";
    throw new UsageError(`The configuration file ${file} cannot be loaded: ${reason}${hint}`, { cause: error });
  }
}
