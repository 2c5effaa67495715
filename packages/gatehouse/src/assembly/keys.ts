import { join } from "node:path";
import type { KeyKeeper, RotatedKey } from "../console/key-operations.ts";
import type { Clock } from "../kernel/clock.ts";
import type { Config } from "../kernel/config.ts";
import { BootRefusedError } from "../kernel/gate.ts";
import {
  describeKeyMaterial,
  formatKeyMaterial,
  parseKeyMaterial,
  stageKeyMaterial,
  type KeyMaterial,
} from "../kernel/key-material.ts";
import { createReplaceableKeyRing, type ReplaceableKeyRing } from "../kernel/key-ring.ts";
import type { Bus } from "../kernel/ports/bus.ts";
import type { Random } from "../kernel/random.ts";
import { ensureKeyFile, readKeyFile, updateKeyFile } from "../store/key-file.ts";
import { subscribeLastingly } from "../store/lasting-subscription.ts";

/** The key ring of a process, and where its material is kept. */
export interface LoadedKeys {
  readonly keyRing: ReplaceableKeyRing;
  /** Keeps ring and file together, on this server and, through the bus, on the others. */
  keep(bus: Bus, report: (error: unknown) => void): Promise<KeyKeeper & AsyncDisposable>;
}

interface Parts {
  readonly config: Config;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly random: Random;
  /** Milliseconds between looks at the key file, and until a new version is used. For tests. */
  readonly pace?: { readonly look: number; readonly staged: number };
}

const TOPIC = "keys.rotated";
/** Milliseconds between looks at the key file, for messages of the bus that were lost and for other programs. */
const LOOK_INTERVAL = 15_000;
/** Milliseconds until a new version is used: every process has looked at the file by then, twice, bus or not. */
const STAGED_FOR = 30_000;

/**
 * Reads the keys from the configured environment variable, or from the key file, which is made on the first start.
 * @throws {BootRefusedError} when the environment variable is empty.
 * @throws {KeyFileError} {@link readKeyFile}
 */
export function loadKeys(parts: Parts): LoadedKeys {
  const { config, environment, clock } = parts;
  const variable = config.keys.environment;
  if (variable === undefined) {
    const path = config.keys.file ?? join(config.dataDirectory, "keys.json");
    return fileKeys(path, parts);
  }
  const text = environment[variable];
  if (text === undefined || text === "") {
    throw new BootRefusedError([
      `keys.environment: the variable ${variable} is not set; put the text of a key file into it.`,
    ]);
  }
  return environmentKeys(parseKeyMaterial(text), variable, clock);
}

function fileKeys(path: string, { random, clock, pace }: Parts): LoadedKeys {
  const { look: interval, staged } = pace ?? { look: LOOK_INTERVAL, staged: STAGED_FOR };
  let material = ensureKeyFile(path, random, clock);
  const keyRing = createReplaceableKeyRing(material, clock);
  const take = (next: KeyMaterial): void => {
    if (formatKeyMaterial(next) === formatKeyMaterial(material)) return;
    keyRing.replace(next);
    material = next;
  };
  return {
    keyRing,
    async keep(bus, report) {
      const look = (): void => {
        try {
          take(readKeyFile(path));
        } catch (error) {
          report(error);
        }
      };
      const subscription = await subscribeLastingly(bus, TOPIC, { heard: look, report });
      const timer = setInterval(look, interval).unref();
      return {
        list: () => describeKeyMaterial(material, clock.now()),
        async rotate(delay = staged) {
          take(updateKeyFile(path, (before) => stageKeyMaterial(before, { random, clock, delay })));
          // The key will be used whether or not the others hear of it now; they look at the file themselves.
          await bus.publish(TOPIC, "").catch(report);
          return newestOf(material, clock.now());
        },
        [Symbol.asyncDispose]() {
          clearInterval(timer);
          return subscription[Symbol.asyncDispose]();
        },
      };
    },
  };
}

function environmentKeys(material: KeyMaterial, variable: string, clock: Clock): LoadedKeys {
  return {
    keyRing: createReplaceableKeyRing(material, clock),
    keep: async () => ({
      list: () => describeKeyMaterial(material, clock.now()),
      rotate: () =>
        Promise.reject(
          new Error(`The keys come from the environment variable ${variable}; rotate them where that is kept.`),
        ),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    }),
  };
}

function newestOf(material: KeyMaterial, now: number): RotatedKey {
  const [newest, replaced] = describeKeyMaterial(material, now);
  if (newest === undefined) throw new Error("The rotated key ring has no version.");
  return { ...newest, usedFrom: replaced?.retiredAt ?? newest.createdAt };
}
