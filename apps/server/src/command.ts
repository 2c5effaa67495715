import type { Clock, Config, Random } from "gatehouse/kernel";
import type { Application } from "gatehouse";
import type { LogSink } from "gatehouse/audit";
import type { Terminal } from "./terminal.ts";

/** What every command is given. */
export interface CommandContext {
  readonly config: Config;
  /** What the server serves besides the console. */
  readonly application: Application;
  /** Words after the command's name. */
  readonly words: readonly string[];
  /** Values of the command's own flags. */
  readonly flags: Readonly<Record<string, string | boolean | undefined>>;
  /** Whether the answer is wanted as JSON. */
  readonly json: boolean;
  readonly terminal: Terminal;
  /** Where a server writes its log. */
  readonly log: LogSink;
  readonly clock: Clock;
  readonly random: Random;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Aborted when the process was asked to stop. */
  readonly stop: AbortSignal;
}

/** A flag of one command. */
export interface CommandFlag {
  readonly type: "string" | "boolean";
  readonly doc: string;
}

/** One command of the `gatehouse` program. */
export interface Command {
  /** One or two words: `start`, `keys rotate`. */
  readonly name: string;
  /** Arguments as help shows them. */
  readonly usage: string;
  /** One sentence. */
  readonly summary: string;
  readonly flags?: Readonly<Record<string, CommandFlag>>;
  /** Words it takes at most. Default 0. */
  readonly words?: number;
  /** Whether it is about what belongs to one tenant, which the flag `--tenant` names. Default false. */
  readonly ofTenant?: boolean;
  /** Whether it works with settings of its own, and not with a running server's. Default false. */
  readonly ownSettings?: boolean;
  /** Whether it is about no installation of this machine, and needs no settings at all. Default false. */
  readonly elsewhere?: boolean;
  /** Resolves to the exit code. */
  run(context: CommandContext): Promise<number>;
}

const TENANT: Readonly<Record<string, CommandFlag>> = {
  tenant: { type: "string", doc: "Whose: the tenant, where the application has several." },
  "new-tenant": { type: "boolean", doc: "Goes on although nothing is known of the tenant yet." },
};

/** The flags of a command. */
export function flagsOf({ flags = {}, ofTenant = false }: Command): Readonly<Record<string, CommandFlag>> {
  return ofTenant ? { ...flags, ...TENANT } : flags;
}

/** The command cannot be carried out as it was given; the message says why and what to do. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
