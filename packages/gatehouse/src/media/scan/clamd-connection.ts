import { connect, type Socket } from "node:net";

/** Where clamd listens. */
export type ClamdAddress = { readonly path: string } | { readonly host: string; readonly port: number };

/** How long to wait for clamd, in milliseconds. */
export interface ClamdPatience {
  /** For a connection, and for answers to short questions. */
  readonly answer: number;
  /** For the next bytes to be taken, and for the verdict once all were. */
  readonly scan: number;
}

const LONGEST_REPLY = 4096;

/** clamd did not do what was asked of it in time, or at all. */
class ClamdError extends Error {
  override readonly name = "ClamdError";
}

/** One connection: one command, one reply that ends with a zero byte. Nothing it does outlasts its patience. */
export class ClamdConnection implements Disposable {
  readonly #socket: Socket;
  readonly #reply = Promise.withResolvers<string>();
  #text = "";
  #replied = false;
  #failed: Error | undefined;
  #drained: (() => void) | undefined;

  constructor(address: ClamdAddress, signal?: AbortSignal) {
    this.#socket = connect({ ...address, ...(signal === undefined ? {} : { signal }) });
    this.#reply.promise.catch(() => undefined);
    this.#socket.on("data", (data: Buffer) => this.#take(data));
    this.#socket.on("drain", () => this.#drained?.());
    this.#socket.on("error", (error) => this.#fail(error));
    this.#socket.on("close", () => this.#fail(new ClamdError("The scanner closed the connection.")));
  }

  /** Whether nothing more needs to be written: there is a reply, or there will be none. */
  get ended(): boolean {
    return this.#replied || this.#failed !== undefined;
  }

  /** Resolves when there is room for more, or no need. @throws {ClamdError} when the other side takes nothing in time. */
  async write(bytes: Uint8Array, patience: number): Promise<void> {
    if (this.ended || this.#socket.write(bytes)) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#drained = resolve;
    await this.#within(
      Promise.race([
        promise,
        this.#reply.promise.then(
          () => undefined,
          () => undefined,
        ),
      ]),
      patience,
    );
  }

  /** @throws {ClamdError} when there is none in time. */
  reply(patience: number): Promise<string> {
    return this.#within(this.#reply.promise, patience);
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  async #within<Value>(work: Promise<Value>, patience: number): Promise<Value> {
    const { promise, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(
      () => reject(new ClamdError(`The scanner did not answer within ${patience} ms.`)),
      patience,
    );
    try {
      return await Promise.race([work, promise]);
    } catch (error) {
      this.#socket.destroy();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  #take(data: Buffer): void {
    this.#text += data.toString("latin1");
    const end = this.#text.search(/[\0\n]/);
    if (end < 0 && this.#text.length <= LONGEST_REPLY) return;
    this.#replied = true;
    this.#reply.resolve(this.#text.slice(0, end < 0 ? LONGEST_REPLY : end));
  }

  #fail(error: Error): void {
    this.#failed ??= error;
    this.#reply.reject(error);
  }
}

/** Asks a short question. @throws when there is no answer in time. */
export async function askClamd(address: ClamdAddress, command: string, patience: number): Promise<string> {
  using connection = new ClamdConnection(address);
  await connection.write(Buffer.from(`z${command}\0`), patience);
  return await connection.reply(patience);
}
