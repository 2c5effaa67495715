import type { Principal } from "../../kernel/attempt.ts";
import { isDenial, type Denial } from "../../kernel/outcome.ts";
import type { ResumableFiles } from "../../kernel/ports/media-intake.ts";
import type { NewResumableUpload, ResumableUpload, ResumableUploads } from "../../kernel/ports/resumable-uploads.ts";
import type { ReadTransaction } from "../../kernel/ports/store.ts";
import type { BeginCommand } from "./command.ts";
import { isOwn } from "./ownership.ts";
import { uploadProblems } from "./problems.ts";
import { refuse } from "./refusals.ts";
import type { ContentSource } from "./transfer.ts";

/** A request to put uploads together (tus: concatenation). */
export interface JoinCommand extends Omit<BeginCommand, "kind" | "length"> {
  readonly parts: readonly string[];
}

type Described = Omit<NewResumableUpload, "id" | "tenant" | "grant" | "owner" | "source" | "parts"> &
  Partial<Pick<NewResumableUpload, "parts">>;

/** What is to begin, or what has been put together already. */
export type Planned = { readonly begin: Described } | { readonly already: ResumableUpload };

/**
 * What is to begin where these parts can be put together, or the upload that they have become already: whoever has not
 * heard of that asks again.
 */
export async function joinable(
  uploads: ResumableUploads,
  transaction: ReadTransaction,
  { command, principal }: { readonly command: JoinCommand; readonly principal: Principal },
): Promise<Planned | Denial> {
  let length = 0;
  const wholes = new Set<string | undefined>();
  for (const id of command.parts) {
    const part = await uploads.find(transaction, id);
    const usable = part !== undefined && isOwn(part, principal) && part.collection === command.collection;
    if (!usable || part.kind !== "part" || part.state !== "received")
      return refuse(uploadProblems.UPLOAD_PARTS_UNUSABLE);
    wholes.add(part.joined);
    length += part.offset;
  }
  const [whole] = wholes;
  if (wholes.size > 1) return refuse(uploadProblems.UPLOAD_PARTS_UNUSABLE);
  if (whole === undefined) return { begin: { ...command, kind: "joined", length } };
  const joined = await uploads.find(transaction, whole);
  const same = joined?.parts.join() === command.parts.join();
  return same && joined !== undefined ? { already: joined } : refuse(uploadProblems.UPLOAD_PARTS_UNUSABLE);
}

/** The content of parts, one after the other. */
export function contentOfParts(files: ResumableFiles, parts: readonly string[]): ContentSource {
  const left = [...parts];
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  let abandoned = false;
  async function next(): Promise<ReadableStreamDefaultReader<Uint8Array> | Denial | undefined> {
    const id = left.shift();
    if (id === undefined) return undefined;
    return (await files.open(id))?.getReader() ?? refuse(uploadProblems.UPLOAD_PARTS_UNUSABLE);
  }
  return {
    async read() {
      for (;;) {
        if (abandoned) return refuse(uploadProblems.UPLOAD_OVERTAKEN);
        const opened = reader ?? (await next());
        if (opened === undefined || isDenial(opened)) return opened;
        reader = opened;
        const { done, value } = await reader.read();
        if (!done) return value;
        reader = undefined;
      }
    },
    abandon() {
      abandoned = true;
      void reader?.cancel();
    },
  };
}
