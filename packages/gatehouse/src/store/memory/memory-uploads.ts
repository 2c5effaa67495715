import { createHash } from "node:crypto";
import type { UploadSink } from "../../kernel/ports/uploads.ts";
import { checkUploadId } from "../files/upload-id.ts";

/** Files in memory, for tests. */
export function createMemoryUploads(): UploadSink {
  const files = new Map<string, Uint8Array>();
  const arriving = new Map<string, Uint8Array[]>();
  return {
    async begin(id) {
      checkUploadId(id);
      const chunks: Uint8Array[] = [];
      arriving.set(id, chunks);
      return {
        write: async (chunk) => void chunks.push(Uint8Array.from(chunk)),
        async finish() {
          const content = Buffer.concat(chunks);
          arriving.delete(id);
          files.set(id, content);
          return { bytes: content.byteLength, sha256: createHash("sha256").update(content).digest("hex") };
        },
        abort: async () => void arriving.delete(id),
      };
    },
    async open(id) {
      const content = files.get(id);
      if (content === undefined) return undefined;
      const body = new Blob([Uint8Array.from(content)]).stream();
      return { bytes: content.byteLength, body };
    },
    async delete(id) {
      files.delete(id);
      arriving.delete(id);
    },
    list: async () => [...files.keys(), ...arriving.keys()],
  };
}
