#!/usr/bin/env node
import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { AccessTokens } from "./access-tokens.ts";
import { work } from "./agent.ts";
import { readOptions, USAGE, UsageError } from "./options.ts";
import { Pace } from "./pace.ts";
import { PhotoViewer } from "./photo-viewer.ts";
import { caption } from "./skills/caption.ts";
import { findMentions } from "./skills/find-mentions.ts";
import { moderate } from "./skills/moderate.ts";
import { WorkTools } from "./work-tools.ts";

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** A few less than the server's default for one address: other programs of the machine may call, too. */
const CALLS_PER_MINUTE = 50;

/** A program asked to stop gives back what it holds; asked again it ends at once. */
function stopSignal(): AbortSignal {
  const controller = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(130);
      controller.abort();
    });
  }
  return controller.signal;
}

async function main(words: readonly string[]): Promise<void> {
  const { origin, credentials, watch, count, proposal } = await readOptions(words);
  const tokens = new AccessTokens(credentials);
  const signal = stopSignal();
  const pace = new Pace({ perMinute: CALLS_PER_MINUTE, now: () => performance.now(), wait: pause });
  await using tools = await WorkTools.connect({ origin, tokens, pace });
  if (proposal !== undefined) {
    const { order, state } = await tools.propose({ ...proposal, key: randomUUID() });
    say(`${order} is ${state}.`);
    return;
  }
  const photos = new PhotoViewer({ origin, tokens });
  const handed = await work(
    { tools, photos, skills: [moderate, caption, findMentions], signal, say },
    { watch, count },
  );
  say(handed === 0 ? "There was nothing to do." : `Handed in: ${handed}.`);
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  if (error instanceof UsageError) process.stderr.write(`${USAGE}\n`);
  process.exitCode = 1;
}
