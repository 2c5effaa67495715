import { createHash } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { send, type Interim, type Sending, type UploadAnswer } from "./collections.ts";

const VERSION = { "upload-draft-interop-version": "8" };
const PARTIAL = { "content-type": "application/partial-upload" };

/** Begins an upload as draft-ietf-httpbis-resumable-upload-12 says it. */
export function draftBegin(
  url: string,
  { complete, headers, ...sending }: Sending & { readonly complete: boolean; readonly collection?: string },
): Promise<UploadAnswer> {
  return send(url, `/uploads?collection=${sending.collection ?? "fair"}`, {
    ...{ method: "POST", body: "", ...sending },
    headers: { ...VERSION, "upload-complete": complete ? "?1" : "?0", ...headers },
  });
}

/** Appends to an upload. */
export function draftAppend(
  url: string,
  path: string,
  { offset, complete, headers, ...sending }: Sending & { readonly offset: number | string; readonly complete: boolean },
): Promise<UploadAnswer> {
  const place = { "upload-offset": String(offset), "upload-complete": complete ? "?1" : "?0" };
  return send(url, path, {
    ...{ method: "PATCH", body: "", ...sending },
    headers: { ...VERSION, ...PARTIAL, ...place, ...headers },
  });
}

/** What a client that goes on by itself is given. */
export interface ResumableOptions {
  readonly url: () => string;
  readonly collection: string;
  readonly guest: string;
  readonly content: Buffer;
  /** Told of every acknowledged offset, and of the address once it is known. */
  readonly acknowledged?: (offset: number) => void;
  readonly located?: (path: string) => void;
  /** Bytes of one request; all that is left by default. */
  readonly piece?: number;
  /** Milliseconds after which it gives up. */
  readonly patience?: number;
}

/**
 * A client of the draft that sends everything at once, learns the upload's address from the interim answer, and goes on
 * from where the server says it is whenever the connection breaks. It resolves with the address.
 */
export async function uploadResumably(options: ResumableOptions): Promise<string> {
  const { url, content, guest, located, acknowledged, piece = content.length, patience = 120_000 } = options;
  const deadline = performance.now() + patience;
  let path: string | undefined;
  const noteInterim = ({ status, headers }: Interim): void => {
    if (status !== 104) return;
    const { location } = headers;
    if (location !== undefined && path === undefined) located?.((path = location));
    const offset = headers["upload-offset"];
    if (offset !== undefined) acknowledged?.(Number(offset));
  };
  const begun: Sending["begun"] = (request) => {
    request.on("information", ({ statusCode, headers }) => {
      noteInterim({ status: statusCode, headers: headers as Record<string, string> });
    });
  };
  const digest = (part: Buffer): string => `sha-256=:${createHash("sha256").update(part).digest("base64")}:`;
  while (performance.now() < deadline) {
    try {
      let offset = 0;
      if (path === undefined) {
        const part = content.subarray(0, piece);
        const complete = part.length === content.length;
        const headers = { "upload-length": String(content.length), "repr-digest": digest(content) };
        const answer = await draftBegin(url(), {
          complete,
          body: part,
          guest,
          begun,
          headers,
          collection: options.collection,
        });
        if (answer.status >= 500) throw new Error(answer.text);
        // Whoever asks how far an upload is, as the drill does, ends the request that brings it: it goes on from there.
        if (answer.status === 409 && path !== undefined) throw new Error(answer.text);
        if (answer.status >= 400) throw new RefusedError(answer);
        path = answer.headers.location ?? path;
        if (path !== undefined) located?.(path);
        if (answer.headers["upload-complete"] === "?1") return path ?? "";
        offset = Number(answer.headers["upload-offset"]);
        acknowledged?.(offset);
      } else {
        const state = await send(url(), path, { method: "HEAD", guest, headers: VERSION });
        if (state.status >= 500) throw new Error(`${state.status}`);
        if (state.status >= 400) throw new RefusedError(state);
        if (state.headers["upload-complete"] === "?1") return path;
        offset = Number(state.headers["upload-offset"]);
        acknowledged?.(offset);
      }
      while (offset < content.length) {
        const part = content.subarray(offset, offset + piece);
        const complete = offset + part.length === content.length;
        const more = piece < content.length ? { "content-digest": digest(part) } : undefined;
        const answer = await draftAppend(url(), path ?? "", {
          ...{ offset, complete, body: part, guest, begun },
          ...(more === undefined ? {} : { headers: more }),
        });
        if (answer.status >= 400) throw new Error(`${answer.status} ${answer.text}`);
        if (answer.headers["upload-complete"] === "?1") return path ?? "";
        offset = Number(answer.headers["upload-offset"]);
        acknowledged?.(offset);
      }
      const answer = await draftAppend(url(), path ?? "", { offset, complete: true, guest });
      if (answer.headers["upload-complete"] === "?1") return path ?? "";
    } catch (error) {
      if (error instanceof RefusedError) throw error;
    }
    await pause(50 + Math.random() * 150);
  }
  throw new Error("The upload did not come to its end in time.");
}

/** The server does not want the upload, so that going on makes no sense. */
class RefusedError extends Error {
  override readonly name = "RefusedError";
  constructor({ status, text }: UploadAnswer) {
    super(`${status} ${text}`);
  }
}
