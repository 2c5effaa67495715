import { send, type Sending, type UploadAnswer } from "./collections.ts";

const VERSION = { "tus-resumable": "1.0.0" };
const OFFSET_STREAM = { "content-type": "application/offset+octet-stream" };

/** Begins an upload as tus says it; its address. */
export async function tusBegin(
  url: string,
  length: number | undefined,
  { headers, ...sending }: Sending & { readonly collection?: string } = {},
): Promise<UploadAnswer & { readonly path: string }> {
  const size: Record<string, string> =
    length === undefined ? { "upload-defer-length": "1" } : { "upload-length": String(length) };
  const answer = await send(url, `/uploads?collection=${sending.collection ?? "fair"}`, {
    ...{ method: "POST", ...sending },
    headers: { ...VERSION, ...size, ...headers },
  });
  return { ...answer, path: answer.headers.location ?? "" };
}

/** Sends content as tus says it. */
export function tusPatch(
  url: string,
  path: string,
  { offset, body, headers, ...sending }: Sending & { readonly offset: number | string },
): Promise<UploadAnswer> {
  return send(url, path, {
    ...{ method: "PATCH", body: body ?? "", ...sending },
    headers: { ...VERSION, ...OFFSET_STREAM, "upload-offset": String(offset), ...headers },
  });
}

/** Asks where an upload stands, as tus says it. */
export function tusHead(url: string, path: string, sending: Sending = {}): Promise<UploadAnswer> {
  return send(url, path, { method: "HEAD", ...sending, headers: { ...VERSION, ...sending.headers } });
}

/** Gives an upload up. */
export function tusDelete(url: string, path: string, sending: Sending = {}): Promise<UploadAnswer> {
  return send(url, path, { method: "DELETE", ...sending, headers: { ...VERSION, ...sending.headers } });
}

/** The identifier in an upload's address. */
export function idIn(path: string): string {
  return path.split("/").at(-1) ?? "";
}
