import { createHash } from "node:crypto";
import type { Scanner, ScanVerdict } from "../scan/scanner.ts";
import { walkMedia } from "../scrub/media-walk.ts";
import type { WalkResult } from "../scrub/walk-result.ts";

/** What one read of a file came to. */
export interface Inspection {
  readonly bytes: number;
  /** In hexadecimal digits. */
  readonly sha256: string;
  /** `undefined` where there is no scanner. */
  readonly scan: ScanVerdict | undefined;
  readonly walk: WalkResult;
}

/** Reads a file once, from its beginning to its end, for its digest, the scanner and the walker. */
export async function inspect(
  body: ReadableStream<Uint8Array>,
  {
    bytes,
    scanner,
    signal,
  }: { readonly bytes: number; readonly scanner: Scanner | undefined; readonly signal: AbortSignal },
): Promise<Inspection> {
  const hash = createHash("sha256");
  const walk = walkMedia();
  using scan = scanner?.begin(bytes, signal);
  let read = 0;
  for await (const chunk of body) {
    signal.throwIfAborted();
    read += chunk.length;
    hash.update(chunk);
    walk.write(chunk);
    await scan?.write(chunk);
  }
  return { bytes: read, sha256: hash.digest("hex"), scan: await scan?.end(), walk: walk.end() };
}
