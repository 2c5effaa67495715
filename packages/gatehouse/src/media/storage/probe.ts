import { createHash } from "node:crypto";
import type { Clock } from "../../kernel/clock.ts";
import type { StorageProbe } from "../../kernel/ports/storage-log.ts";
import type { StorageCapacity, StorageTarget } from "../../kernel/ports/storage-target.ts";
import type { Random } from "../../kernel/random.ts";
import { PROBE_FOLDER } from "./integrity-check.ts";
import { DamagedFileError } from "./storage-error.ts";
import { watched, type Patience } from "./watched.ts";

/** What a target is probed with. */
export interface ProbeParts extends Patience {
  readonly clock: Clock;
  readonly random: Random;
}

const SIZES = [4096, 1_048_576] as const;
const NAME_BYTES = 8;
/** Milliseconds after which a file of a probe is nobody's any more. */
const ABANDONED = 3_600_000;

/**
 * Writes, reads and deletes a small and a large file of random bytes. The time of all of it together is the latency;
 * what goes wrong is part of the answer.
 */
export async function probeTarget(
  parts: ProbeParts,
  target: StorageTarget,
  { quota, used }: { readonly quota: number | undefined; readonly used: number },
): Promise<StorageProbe> {
  const { clock } = parts;
  const begun = clock.monotonic();
  let failure = "";
  try {
    const signal = new AbortController().signal;
    await watched({ ...parts, target: target.name, signal }, async ({ alive }) => {
      for (const size of SIZES) await exercise(parts, target, { size, alive });
    });
  } catch (error) {
    failure = error instanceof Error ? error.message : String(error);
  }
  const latency = failure === "" ? clock.monotonic() - begun : undefined;
  if (failure === "") await deleteAbandoned(parts, target).catch(() => undefined);
  const capacity = quota === undefined ? await capacityOf(target) : { total: quota, free: Math.max(0, quota - used) };
  const total = capacity?.total;
  return {
    ...{ at: clock.now(), latency, failure, total },
    used: capacity === undefined ? undefined : capacity.total - capacity.free,
  };
}

async function exercise(
  { random, clock }: ProbeParts,
  target: StorageTarget,
  { size, alive }: { readonly size: number; readonly alive: () => void },
): Promise<void> {
  // Operators and servers probe at the same time: each has files of its own.
  const name = Buffer.from(random.bytes(NAME_BYTES)).toString("hex");
  const key = `${PROBE_FOLDER}${Math.floor(clock.now())}-${name}`;
  const content = new Uint8Array(random.bytes(size));
  const sha256 = digestOf(content);
  await target.put(key, { bytes: size, sha256, type: "application/octet-stream", body: new Blob([content]).stream() });
  alive();
  const found = await target.get(key);
  const back = new Uint8Array(await new Response(found?.body).arrayBuffer());
  alive();
  await target.delete(key);
  alive();
  if (digestOf(back) !== sha256) throw new DamagedFileError("A probe was read back as something else.");
}

/** Files of probes that were cut off. */
async function deleteAbandoned({ clock }: ProbeParts, target: StorageTarget): Promise<void> {
  for (const key of await target.list(PROBE_FOLDER)) {
    const at = Number.parseInt(key.slice(PROBE_FOLDER.length), 10);
    if (at < clock.now() - ABANDONED) await target.delete(key);
  }
}

async function capacityOf(target: StorageTarget): Promise<StorageCapacity | undefined> {
  return target.capacity().catch(() => undefined);
}

function digestOf(content: Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}
