import { loadKeys } from "../assembly/keys.ts";
import { systemClock as clock } from "../kernel/clock.ts";
import { requireConfig } from "../kernel/config.ts";
import { systemRandom as random } from "../kernel/random.ts";
import { createSealer, SealError } from "../kernel/seal.ts";
import { createMemoryBus } from "../store/memory/memory-bus.ts";

/**
 * One of several processes with one key file and no bus between them: the file's path, and how often it is looked at
 * as JSON. Answers messages: `seal`, `open` with a sealed text, `rotate`.
 */
const [file = "", pace = ""] = process.argv.slice(2);
const config = requireConfig({ file: { profile: "development", keys: { file } }, clock });
// The test that starts this process writes the pace with the same type.
const parts = { config, environment: {}, clock, random, pace: JSON.parse(pace) as Pace };
const { keyRing, keep } = loadKeys(parts);
const keeper = await keep(createMemoryBus(), (error) => {
  throw error;
});
const sealer = createSealer({ keyRing, random, clock });
const BINDING = { purpose: "test", context: ["a"] };

interface Pace {
  readonly look: number;
  readonly staged: number;
}

process.on("message", ([word, text]: readonly [string, string]) => {
  answer(word, text).then(
    (given) => process.send?.(given),
    (error: unknown) => process.send?.(error instanceof SealError ? error.code : String(error)),
  );
});
process.on("disconnect", () => void keeper[Symbol.asyncDispose]());

async function answer(word: string, text: string): Promise<string> {
  switch (word) {
    case "seal":
      return sealer.seal("opened", BINDING);
    case "rotate":
      return String((await keeper.rotate()).version);
    default:
      return sealer.open(text, BINDING);
  }
}
