import type { Clock } from "../../kernel/clock.ts";
import { askClamd, ClamdConnection, type ClamdAddress, type ClamdPatience } from "./clamd-connection.ts";
import { readReply, readVersion } from "./clamd-reply.ts";
import type { Scan, Scanner, ScannerStatus, ScannerVersion, ScanVerdict } from "./scanner.ts";

/** How clamd is asked, and what of its own configuration it has to be believed by. */
export interface ClamdOptions {
  readonly address: ClamdAddress;
  readonly clock: Clock;
  /**
   * Limits as clamd is configured, in bytes. Beyond `MaxFileSize` and `MaxScanSize` it answers OK without having looked,
   * so nothing larger than the least of them is ever clean.
   */
  readonly limits: { readonly streamMaxLength: number; readonly maxFileSize: number; readonly maxScanSize: number };
  /** Milliseconds after which signatures are too old to call anything clean; `undefined` for any age. */
  readonly maxSignatureAge: number | undefined;
  readonly patience: ClamdPatience;
}

/** clamd, over a UNIX socket or TCP. https://docs.clamav.net/manual/Usage/Scanning.html#clamd */
export function createClamdScanner(options: ClamdOptions): Scanner {
  const { address, patience } = options;
  const where = "path" in address ? address.path : `${address.host}:${address.port}`;
  return {
    name: `clamd at ${where}`,
    status: () => statusOf(options),
    begin: (bytes, signal) => {
      const most = largestSeen(options);
      if (bytes > most) {
        return answered({
          verdict: "unscannable",
          reason: `The file is larger than the ${most} bytes the scanner looks at.`,
        });
      }
      return new ClamdScan(options, patience.scan, signal);
    },
  };
}

function largestSeen({ limits }: ClamdOptions): number {
  return Math.min(limits.streamMaxLength, limits.maxFileSize, limits.maxScanSize);
}

async function statusOf({ address, clock, maxSignatureAge, patience }: ClamdOptions): Promise<ScannerStatus> {
  const text = await askClamd(address, "VERSION", patience.answer).catch((error: unknown) => {
    return error instanceof Error ? error : new Error(String(error));
  });
  if (text instanceof Error) return { state: "unavailable", reason: `The scanner cannot be reached: ${text.message}` };
  const version = readVersion(text);
  if (version === undefined) return { state: "unavailable", reason: "What answers is no clamd." };
  const reason = tooOld(version, clock.now(), maxSignatureAge);
  return reason === undefined ? { state: "ready", version } : { state: "outdated", version, reason };
}

const DAY = 86_400_000;

function tooOld({ signaturesAt }: ScannerVersion, now: number, most: number | undefined): string | undefined {
  if (most === undefined) return undefined;
  if (signaturesAt === undefined) return "The scanner does not say how old its signatures are.";
  const age = now - signaturesAt;
  return age > most ? `The scanner's signatures are ${Math.floor(age / DAY)} days old.` : undefined;
}

function answered(verdict: ScanVerdict): Scan {
  return { write: async () => undefined, end: async () => verdict, [Symbol.dispose]: () => undefined };
}

const LENGTH_BYTES = 4;
const END = new Uint8Array(LENGTH_BYTES);

class ClamdScan implements Scan {
  readonly #options: ClamdOptions;
  readonly #patience: number;
  readonly #signal: AbortSignal;
  readonly #status: Promise<ScannerStatus>;
  #connection: ClamdConnection | undefined;
  #failure: string | undefined;
  #sent = 0;

  constructor(options: ClamdOptions, patience: number, signal: AbortSignal) {
    this.#options = options;
    this.#patience = patience;
    this.#signal = signal;
    // Asked before the scan: if signatures change meanwhile, the file counts as scanned with the older ones.
    this.#status = statusOf(options);
  }

  async write(chunk: Uint8Array): Promise<void> {
    if (chunk.length === 0) return;
    await this.#attempt(async (connection) => {
      const length = new Uint8Array(LENGTH_BYTES);
      new DataView(length.buffer).setUint32(0, chunk.length);
      await connection.write(length, this.#patience);
      await connection.write(chunk, this.#patience);
      this.#sent += chunk.length;
    });
  }

  async end(): Promise<ScanVerdict> {
    let reply = "";
    await this.#attempt(async (connection) => {
      await connection.write(END, this.#patience);
      reply = await connection.reply(this.#patience);
    });
    if (this.#failure !== undefined) return { verdict: "unavailable", reason: this.#failure };
    const status = await this.#status;
    return this.#verdict(readReply(reply), status);
  }

  [Symbol.dispose](): void {
    this.#connection?.[Symbol.dispose]();
  }

  #verdict(reply: ReturnType<typeof readReply>, status: ScannerStatus): ScanVerdict {
    if (reply.kind === "unscannable") return { verdict: "unscannable", reason: reply.reason };
    if (reply.kind === "unclear") return { verdict: "unavailable", reason: reply.reason };
    if (status.state === "unavailable") return { verdict: "unavailable", reason: status.reason };
    const by = status.version;
    if (reply.kind === "found") return { verdict: "infected", signature: reply.signature, by };
    if (status.state === "outdated") return { verdict: "unavailable", reason: status.reason };
    // More came than was announced.
    if (this.#sent > largestSeen(this.#options)) {
      return { verdict: "unscannable", reason: "The file is larger than what the scanner looks at." };
    }
    return { verdict: "clean", by };
  }

  /** Does something with the connection, unless it has failed before. */
  async #attempt(work: (connection: ClamdConnection) => Promise<void>): Promise<void> {
    if (this.#failure !== undefined) return;
    try {
      this.#connection ??= await this.#open();
      await work(this.#connection);
    } catch (error) {
      this.#failure = `The scan did not finish: ${error instanceof Error ? error.message : String(error)}`;
      this[Symbol.dispose]();
    }
  }

  async #open(): Promise<ClamdConnection> {
    const connection = new ClamdConnection(this.#options.address, this.#signal);
    await connection.write(Buffer.from("zINSTREAM\0"), this.#options.patience.answer);
    return connection;
  }
}
