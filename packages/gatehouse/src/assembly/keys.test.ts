import assert from "node:assert/strict";
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { requireConfig } from "../kernel/config.ts";
import { formatKeyMaterial, parseKeyMaterial, stageKeyMaterial } from "../kernel/key-material.ts";
import { systemRandom as random } from "../kernel/random.ts";
import { createSealer } from "../kernel/seal.ts";
import { createFakeClock, type FakeClock } from "../testing/fake-clock.ts";
import { loadKeys, type LoadedKeys } from "./keys.ts";

const worker = fileURLToPath(new URL("../testing/keys-worker.ts", import.meta.url));
const BINDING = { purpose: "test", context: ["a"] };
const HOUR = 3_600_000;

/** A process with the keys of a file, which hears nothing from others. */
class Holder implements AsyncDisposable {
  readonly #child: ChildProcess;

  constructor(file: string, pace: { readonly look: number; readonly staged: number }) {
    this.#child = fork(worker, [file, JSON.stringify(pace)], { execArgv: ["--conditions=gatehouse-source"] });
  }

  async ask(...words: readonly string[]): Promise<string> {
    this.#child.send(words);
    // The worker answers with texts.
    const [answer] = (await once(this.#child, "message")) as [string];
    return answer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.disconnect();
    await once(this.#child, "exit");
  }
}

/** Lets one process rotate and seal, and another open, until what is sealed is of another version for a while. */
async function rotateBetween(pace: { readonly look: number; readonly staged: number }): Promise<readonly string[]> {
  const directory = await mkdtemp(join(tmpdir(), "gatehouse-keys-"));
  try {
    await using first = new Holder(join(directory, "keys.json"), pace);
    const before = await first.ask("seal");
    await using second = new Holder(join(directory, "keys.json"), pace);
    const answers = [await second.ask("open", before)];
    await first.ask("rotate");
    const versionOf = (sealed: string): string => sealed.slice(0, 6);
    for (let later = 0; later < 40;) {
      const sealed = await first.ask("seal");
      answers.push(await second.ask("open", sealed), await first.ask("open", await second.ask("seal")));
      if (versionOf(sealed) !== versionOf(before)) later += 1;
    }
    return answers;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

describe("keys shared by two processes", () => {
  it("are known to each before the other uses them, without a word between them", async () => {
    const answers = await rotateBetween({ look: 100, staged: 1_000 });
    assert.deepEqual(new Set(answers), new Set(["opened"]));
  });

  it("would not be if a new version were used at once", async () => {
    const answers = await rotateBetween({ look: 60_000, staged: 0 });
    assert.ok(answers.includes("SEAL_KEY_UNKNOWN"));
  });
});

function fromEnvironment(text: string, clock: FakeClock): LoadedKeys {
  const file = { profile: "development", keys: { environment: "KEYS" } };
  const config = requireConfig({ file, clock });
  return loadKeys({ config, environment: { KEYS: text }, clock, random });
}

describe("keys given to several machines", () => {
  it("can be brought to one after the other before any uses the new version", async () => {
    const directory = await mkdtemp(join(tmpdir(), "gatehouse-keys-"));
    try {
      const clock = createFakeClock();
      const path = join(directory, "keys.json");
      const config = requireConfig({ file: { profile: "development", keys: { file: path } }, clock });
      loadKeys({ config, environment: {}, clock, random });
      const old = await readFile(path, "utf8");
      const staged = formatKeyMaterial(stageKeyMaterial(parseKeyMaterial(old), { random, clock, delay: 24 * HOUR }));
      const sealerOf = (text: string) => createSealer({ keyRing: fromEnvironment(text, clock).keyRing, random, clock });
      const [restarted, waiting] = [sealerOf(staged), sealerOf(old)];
      assert.equal(waiting.open(restarted.seal("x", BINDING), BINDING), "x");
      assert.equal(restarted.open(waiting.seal("x", BINDING), BINDING), "x");
      const before = restarted.seal("x", BINDING);
      await clock.advance(24 * HOUR);
      const last = sealerOf(staged);
      const after = restarted.seal("x", BINDING);
      assert.equal(last.open(after, BINDING), "x");
      assert.equal(last.needsReseal(before), true);
      assert.equal(last.needsReseal(after), false);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });
});
