import { mkdirSync, rmSync } from "node:fs";
import { createServer, request, type Server } from "node:http";
import { dirname, join, relative } from "node:path";
import type { Outcome } from "../kernel/outcome.ts";

/** What a command asks of a running server. */
export interface ControlRequest {
  readonly action: string;
  readonly input: unknown;
  /** Whose things it is about. Default: those of the only tenant there is. */
  readonly tenant?: string;
}

/** A data directory whose local socket has no usable address. */
export class ControlSocketError extends Error {
  override readonly name = "ControlSocketError";
}

/** Carries a request out as the system's operator. */
export type Operate = (request: ControlRequest) => Promise<Outcome>;

/** What a running server answers. */
export interface ControlAnswer {
  readonly outcome: Outcome;
  /** Where browsers reach the server. */
  readonly origin: string;
}

const LARGEST = 65_536;

/** Bytes that the address of a local socket may have on every system: macOS allows the fewest. */
const LONGEST_PATH = 103;

/**
 * The local socket of a data directory: whoever may open the directory may operate the server.
 * @throws {ControlSocketError} where the path is too long for a socket, also from the working directory.
 */
export function controlSocketPath(dataDirectory: string): string {
  const path = join(dataDirectory, "control.sock");
  const usable = [path, relative(process.cwd(), path)].find((text) => Buffer.byteLength(text) <= LONGEST_PATH);
  if (usable !== undefined) return usable;
  throw new ControlSocketError(
    `The path of the data directory ${dataDirectory} is too long for the local socket that gatehouse commands use. ` +
      "Choose a shorter one.",
  );
}

/** Answers commands on a local socket that its owner alone can open. */
export async function serveControl(
  path: string,
  { operate, origin }: { readonly operate: Operate; readonly origin: string },
): Promise<AsyncDisposable> {
  // With store and keys elsewhere, the socket is the first thing in its data directory.
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  rmSync(path, { force: true });
  const server = createServer((message, response) => {
    const chunks: Buffer[] = [];
    let size = 0;
    message.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size > LARGEST) message.destroy();
      else chunks.push(chunk);
    });
    message.on("end", () => {
      answer(Buffer.concat(chunks).toString("utf8"), operate).then(
        (outcome) => response.setHeader("content-type", "application/json").end(JSON.stringify({ outcome, origin })),
        () => response.writeHead(400).end(),
      );
    });
  });
  await listenPrivately(server, path);
  return {
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** The socket belongs to its owner from the first moment on: it is made within the call, under this mask. */
function listenPrivately(server: Server, path: string): Promise<void> {
  const mask = process.umask(0o177);
  try {
    return new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(path, resolve);
    });
  } finally {
    process.umask(mask);
  }
}

async function answer(text: string, operate: Operate): Promise<Outcome> {
  const value: unknown = JSON.parse(text);
  if (typeof value !== "object" || value === null || !("action" in value) || typeof value.action !== "string") {
    throw new TypeError("Not a control request.");
  }
  const request = { action: value.action, input: "input" in value ? value.input : {} };
  if (!("tenant" in value)) return operate(request);
  if (typeof value.tenant !== "string" || value.tenant === "") throw new TypeError("Not a tenant.");
  return operate({ ...request, tenant: value.tenant });
}

/** Asks the server that runs on a socket; `undefined` when none does. */
export function askServer(path: string, asked: ControlRequest): Promise<ControlAnswer | undefined> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ socketPath: path, method: "POST", path: "/" }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
      incoming.on("error", reject);
      incoming.on("end", () => {
        if (incoming.statusCode !== 200) reject(new Error("The running server did not understand the command."));
        // `serveControl` writes this answer; both ends are of one installation.
        else resolve(JSON.parse(Buffer.concat(chunks).toString("utf8")) as ControlAnswer);
      });
    });
    outgoing.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT" || error.code === "ECONNREFUSED") resolve(undefined);
      else reject(error);
    });
    outgoing.end(JSON.stringify(asked));
  });
}
