/** Something of an issuer could not be had: it is not reached, slow, or answers what it must not. */
export class IssuerUnavailableError extends Error {
  override readonly name = "IssuerUnavailableError";
}

/** Fetches documents of issuers. */
export type IssuerFetch = (url: string, init: RequestInit) => Promise<Response>;

const TIMEOUT = 5_000;
const MOST_BYTES = 256 * 1024;

/**
 * Fetches a JSON document within bounds of time and size, and follows no redirects.
 * @throws {IssuerUnavailableError} when it cannot be had.
 */
export async function fetchDocument(fetch: IssuerFetch, url: string, init: RequestInit = {}): Promise<unknown> {
  const headers = new Headers(init.headers);
  headers.set("accept", "application/json");
  try {
    const signal = AbortSignal.timeout(TIMEOUT);
    const response = await fetch(url, { ...init, headers, signal, redirect: "error" });
    if (response.status !== 200) {
      await response.body?.cancel();
      throw new IssuerUnavailableError(`${url} answered ${response.status}.`);
    }
    const document: unknown = JSON.parse(await readText(response));
    return document;
  } catch (error) {
    if (error instanceof IssuerUnavailableError) throw error;
    throw new IssuerUnavailableError(`${url} could not be read.`, { cause: error });
  }
}

async function readText({ body }: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  // A body consists of bytes, which the type does not say.
  for await (const piece of (body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += piece.byteLength;
    if (bytes > MOST_BYTES) throw new IssuerUnavailableError("The document is too large.");
    text += decoder.decode(piece, { stream: true });
  }
  return text + decoder.decode();
}
