import { createHash } from "node:crypto";
import type { StorageTarget } from "../../kernel/ports/storage-target.ts";
import { watched, type Patience, type Watch } from "./watched.ts";

/** What a copy turned out to be. */
export interface Found {
  readonly bytes: number;
  /** In hexadecimal digits. */
  readonly sha256: string;
}

/** Reads a copy to its end and says what it is; `undefined` where there is none. */
export function digestAt(
  target: StorageTarget,
  key: string,
  options: Patience & { readonly signal: AbortSignal },
): Promise<Found | undefined> {
  return watched({ ...options, target: target.name }, async (watch) => {
    const file = await target.get(key);
    if (file === undefined) return undefined;
    const measured = measure(watch);
    await file.body.pipeThrough(measured.stream, { signal: watch.signal }).pipeTo(new WritableStream());
    return measured.found();
  });
}

/** Lets bytes pass and says afterwards what they were. */
export function measure({ alive }: Pick<Watch, "alive">): {
  readonly stream: TransformStream<Uint8Array, Uint8Array>;
  readonly found: () => Found;
} {
  const hash = createHash("sha256");
  let bytes = 0;
  const stream = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      alive();
      bytes += chunk.length;
      hash.update(chunk);
      controller.enqueue(chunk);
    },
  });
  return { stream, found: () => ({ bytes, sha256: hash.copy().digest("hex") }) };
}
