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
  try {
    const response = await fetch(url, {
      ...init,
      redirect: "error",
      signal: AbortSignal.timeout(TIMEOUT),
      headers: { ...init.headers, accept: "application/json" },
    });
    if (response.status !== 200) {
      await response.body?.cancel();
      throw new IssuerUnavailableError(`${url} answered ${response.status}.`);
    }
    return JSON.parse(await readText(response)) as unknown;
  } catch (error) {
    if (error instanceof IssuerUnavailableError) throw error;
    throw new IssuerUnavailableError(`${url} could not be read.`, { cause: error });
  }
}

async function readText({ body }: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const piece of body ?? []) {
    bytes += piece.byteLength;
    if (bytes > MOST_BYTES) throw new IssuerUnavailableError("The document is too large.");
    text += decoder.decode(piece, { stream: true });
  }
  return text + decoder.decode();
}
