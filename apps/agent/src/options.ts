import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { z } from "zod";
import type { ClientCredentials } from "./access-tokens.ts";

/** How the agent is called. */
export const USAGE = `npm run agent -- --credentials FILE [--server URL] [--watch] [--count N]
npm run agent -- propose TYPE JSON --credentials FILE [--server URL]

FILE is what \`gatehouse oauth create-client ... --json\` has answered: {"id": "...", "secret": "..."}.
--watch waits for more where there is nothing to do. --count says how many items are checked out at once.`;

/** What it is to do. */
export interface Options {
  readonly origin: string;
  readonly credentials: ClientCredentials;
  readonly watch: boolean;
  readonly count: number;
  readonly proposal: { readonly type: string; readonly input: unknown } | undefined;
}

/** It was called wrongly. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

const Credentials = z.object({ id: z.string(), secret: z.string() });
const MOST = 50;

/** Reads what the agent was called with. */
export async function readOptions(words: readonly string[]): Promise<Options> {
  const { values, positionals } = parseArgs({
    args: [...words],
    allowPositionals: true,
    options: {
      server: { type: "string", default: "http://localhost:8080" },
      credentials: { type: "string" },
      watch: { type: "boolean", default: false },
      count: { type: "string", default: "5" },
    },
  });
  if (values.credentials === undefined) throw new UsageError("Say who the agent is: --credentials FILE");
  const count = Number(values.count);
  if (!Number.isInteger(count) || count < 1 || count > MOST) throw new UsageError(`--count takes 1 to ${MOST}.`);
  const credentials = Credentials.parse(JSON.parse(await readFile(values.credentials, "utf8")));
  const { origin } = new URL(values.server);
  return { origin, credentials, watch: values.watch, count, proposal: proposalOf(positionals) };
}

function proposalOf(positionals: readonly string[]): Options["proposal"] {
  const [verb, type, input] = positionals;
  if (verb === undefined) return undefined;
  if (verb !== "propose" || type === undefined || input === undefined) throw new UsageError("Say: propose TYPE JSON");
  return { type, input: JSON.parse(input) };
}
