/** Sends files to one of the servers, in a process of its own, and says how long that took. */
import { createHash, randomBytes } from "node:crypto";
import { Agent, request } from "node:http";

/** What is sent. */
export interface LoadTask {
  readonly port: number;
  readonly protocol: "raw" | "tus";
  readonly files: number;
  readonly bytes: number;
  readonly atOnce: number;
  /** The checksum that comes with the content. */
  readonly checksum?: "sha1" | "sha256";
}

/** What came of it. */
export interface LoadResult {
  readonly elapsed: number;
  readonly failure?: string;
}

const PIECE = 65_536;
/** As a proxy with encryption in front of the server would say. */
const PROXY = { host: "uploads.example", "x-forwarded-proto": "https", "x-forwarded-for": "192.0.2.1" };
let content = Buffer.alloc(0);
const agent = new Agent({ keepAlive: true, maxSockets: 512 });

interface Sent {
  readonly status: number;
  readonly location: string;
}

function send(
  port: number,
  method: string,
  { path, headers, body }: { readonly path: string; readonly headers: object; readonly body?: Buffer },
): Promise<Sent> {
  const { promise, resolve, reject } = Promise.withResolvers<Sent>();
  const sent = request({
    ...{ port, method, path, agent, host: "127.0.0.1" },
    headers: { ...PROXY, "content-length": body?.length ?? 0, ...headers },
  });
  sent.on("error", reject);
  sent.on("response", (response) => {
    response.resume();
    response.on("end", () => resolve({ status: response.statusCode ?? 0, location: response.headers.location ?? "" }));
  });
  if (body === undefined) {
    sent.end();
    return promise;
  }
  let at = 0;
  const go = (): void => {
    while (at < body.length) {
      const piece = body.subarray(at, at + PIECE);
      at += piece.length;
      if (!sent.write(piece)) {
        sent.once("drain", go);
        return;
      }
    }
    sent.end();
  };
  go();
  return promise;
}

/** What is sent, and by whom: nobody sends more at once than one guest may. */
interface SentFile {
  readonly body: Buffer;
  readonly digest: string;
  readonly guest: string;
}

async function sendFile({ port, protocol, checksum }: LoadTask, { body, digest, guest }: SentFile): Promise<void> {
  if (protocol === "raw") {
    const { status } = await send(port, "POST", { path: "/", headers: {}, body });
    if (status !== 200) throw new Error(`The raw server answered ${status}.`);
    return;
  }
  const version = { "tus-resumable": "1.0.0", authorization: `Bearer ${guest}` };
  const headers = { ...version, "upload-length": String(body.length) };
  const begun = await send(port, "POST", { path: "/uploads?collection=fair", headers });
  const path = begun.location.replace(/^https?:\/\/[^/]+/, "");
  if (begun.status !== 201) throw new Error(`POST was answered ${begun.status}.`);
  const type = { "content-type": "application/offset+octet-stream", "upload-offset": "0" };
  const verified = checksum === undefined ? {} : { "upload-checksum": `${checksum} ${digest}` };
  const { status } = await send(port, "PATCH", { path, headers: { ...version, ...type, ...verified }, body });
  if (status !== 204) throw new Error(`PATCH was answered ${status}.`);
}

async function run(task: LoadTask): Promise<LoadResult> {
  if (content.length !== task.bytes) content = randomBytes(task.bytes);
  const digest = task.checksum === undefined ? "" : createHash(task.checksum).update(content).digest("base64");
  let left = task.files;
  const began = performance.now();
  const work = async (_: unknown, index: number): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await sendFile(task, { body: content, digest, guest: `guest-${index}` });
    }
  };
  try {
    await Promise.all(Array.from({ length: task.atOnce }, work));
    return { elapsed: performance.now() - began };
  } catch (error) {
    return { elapsed: performance.now() - began, failure: String(error) };
  }
}

process.on("message", (task) => {
  // The benchmark sends tasks alone.
  void run(task as LoadTask).then((result) => process.send?.(result));
});
