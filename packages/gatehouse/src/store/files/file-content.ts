import { createReadStream } from "node:fs";
import { Readable } from "node:stream";

/** The first and the last byte of a part of a file. */
interface FileRange {
  readonly start?: number;
  readonly end?: number;
}

/** The content of a file, or of a part of it, which is opened when somebody reads it: an answer to HEAD never does. */
export function contentOf(path: string, range: FileRange = {}): ReadableStream<Uint8Array> {
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        // Node's web streams and the global ones differ in their declarations alone.
        reader ??= (Readable.toWeb(createReadStream(path, range)) as ReadableStream<Uint8Array>).getReader();
        const { done, value } = await reader.read();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: (reason) => reader?.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}
