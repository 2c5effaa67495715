/**
 * Sends requests and counts answers, in a process of its own: as many connections as asked for, each with one request
 * under way. It writes prepared bytes to sockets and reads no more of an answer than its status and length, so that
 * on a machine with two cores it needs far less than one: a full HTTP client would be the slowest part, and
 * hide the difference between the servers.
 */
import { connect, type Socket } from "node:net";

/** What to send, to where, for how long. */
export interface LoadTask {
  readonly port: number;
  readonly connections: number;
  /** Milliseconds. */
  readonly duration: number;
  /** The whole request; every `{key}` becomes 36 characters that no other request has. */
  readonly request: string;
}

/** What came of it. */
export interface LoadResult {
  /** Answers with status 200. */
  readonly answered: number;
  /** Anything else; must be 0. */
  readonly failed: number;
  /** The first answer that failed. */
  readonly failure: string | undefined;
  /** Milliseconds from the first request to the last answer. */
  readonly elapsed: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
}

const KEY_DIGITS = 12;
const LENGTH = /\r\ncontent-length: (\d+)\r\n/i;

class Load {
  readonly #task: LoadTask;
  readonly #parts: readonly string[];
  readonly #prefix: string;
  readonly #times: number[] = [];
  readonly #until: number;
  #sent = 0;
  #failed = 0;
  #failure: string | undefined;

  constructor(task: LoadTask) {
    this.#task = task;
    this.#parts = task.request.split("{key}");
    this.#prefix = crypto.randomUUID().slice(0, -KEY_DIGITS);
    this.#until = performance.now() + task.duration;
  }

  async run(): Promise<LoadResult> {
    const began = performance.now();
    await Promise.all(Array.from({ length: this.#task.connections }, () => this.#connection()));
    const elapsed = performance.now() - began;
    const sorted = Float64Array.from(this.#times).sort();
    const quantile = (share: number): number => sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
    const answers = { answered: sorted.length, failed: this.#failed, failure: this.#failure };
    return { ...answers, elapsed, p50: quantile(0.5), p99: quantile(0.99) };
  }

  /** One connection after the other: servers close them after so many requests. */
  async #connection(): Promise<void> {
    while (performance.now() < this.#until) await this.#requests(connect(this.#task.port, "127.0.0.1"));
  }

  #requests(socket: Socket): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    let began = 0;
    let answer = "";
    const send = (): void => {
      began = performance.now();
      if (began >= this.#until) return void socket.end();
      const key = this.#prefix + String((this.#sent += 1)).padStart(KEY_DIGITS, "0");
      socket.write(this.#parts.join(key), "latin1");
    };
    socket.setNoDelay(true);
    socket.on("connect", send);
    socket.on("data", (chunk: Buffer) => {
      answer += chunk.latin1Slice();
      const end = answer.indexOf("\r\n\r\n");
      if (end === -1 || answer.length < end + 4 + Number(LENGTH.exec(answer)?.[1] ?? Number.NaN)) return;
      this.#note(answer, performance.now() - began);
      const closing = answer.includes("\r\nconnection: close\r\n") || answer.includes("\r\nConnection: close\r\n");
      answer = "";
      if (closing) socket.end();
      else send();
    });
    socket.on("error", (error) => this.#fail(String(error)));
    socket.on("close", () => resolve());
    return promise;
  }

  #note(answer: string, time: number): void {
    if (answer.startsWith("HTTP/1.1 200 ")) this.#times.push(time);
    else this.#fail(answer);
  }

  #fail(reason: string): void {
    this.#failed += 1;
    this.#failure ??= reason;
  }
}

process.on("message", (task) => {
  // The parent sends tasks alone.
  void new Load(task as LoadTask).run().then((result) => process.send?.(result));
});
