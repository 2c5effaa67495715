import { createHash } from "node:crypto";
import { lengthPrefixed } from "../../kernel/codec.ts";
import type { ActorAddress } from "../../kernel/ports/actors.ts";

/**
 * Where an actor without an owner is to run: every node finds the same one among the same workers, and a worker that comes
 * or goes moves no actor but its own (highest random weight). `undefined` where there is no worker.
 */
export function chooseWorker(workers: readonly string[], { tenant, type, key }: ActorAddress): string | undefined {
  let [best, weight]: [string | undefined, Buffer] = [undefined, Buffer.alloc(0)];
  for (const worker of workers) {
    const own = createHash("sha256")
      .update(lengthPrefixed([worker, tenant, type, ...key]))
      .digest();
    if (best === undefined || own.compare(weight) > 0) [best, weight] = [worker, own];
  }
  return best;
}
