import { once } from "node:events";
import { request } from "node:http";
import { connect, type Socket } from "node:net";

/** What a server has answered. */
export interface Answer {
  /** Milliseconds from the first byte sent to the last one received. */
  readonly time: number;
  readonly text: string;
}

const LENGTH = /\r\ncontent-length: (\d+)\r\n/i;

/**
 * A browser's connection that stays open. It writes prepared requests and reads no more of an answer than its status,
 * its length and its body, which are ASCII here: a full HTTP client would take more of the machine than the servers.
 */
export class Connection {
  sent = 0;
  received = 0;
  readonly #port: number;
  #socket: Socket | undefined;
  #receive: (chunk: string) => void = () => undefined;
  #fail: (error: Error) => void = () => undefined;

  constructor(port: number) {
    this.#port = port;
  }

  /** Sends a request and waits for its answer, which has to be 200. */
  async exchange(text: string): Promise<Answer> {
    const socket = this.#socket ?? (await this.#open());
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const began = performance.now();
    let answer = "";
    this.#fail = reject;
    this.#receive = (chunk) => {
      answer += chunk;
      const end = answer.indexOf("\r\n\r\n");
      if (end === -1 || answer.length < end + 4 + Number(LENGTH.exec(answer)?.[1] ?? Number.NaN)) return;
      const time = performance.now() - began;
      this.sent += text.length;
      this.received += answer.length;
      if (answer.startsWith("HTTP/1.1 200 ")) resolve({ time, text: answer.slice(end + 4) });
      else reject(new Error(answer));
    };
    socket.write(text, "latin1");
    return promise;
  }

  async #open(): Promise<Socket> {
    const socket = connect(this.#port, "127.0.0.1").setNoDelay(true);
    socket.on("data", (chunk: Buffer) => this.#receive(chunk.latin1Slice()));
    socket.on("error", (error) => this.#fail(error));
    socket.on("close", () => {
      this.#socket = undefined;
      this.#fail(new Error("The connection was closed."));
    });
    await once(socket, "connect");
    return (this.#socket = socket);
  }
}

/** A request on a connection of its own, for what happens before the measured time. */
export async function fetchOnce(
  port: number,
  path: string,
  { body, headers }: { readonly body?: string; readonly headers: Readonly<Record<string, string>> },
): Promise<{ readonly text: string; readonly cookie: string | undefined }> {
  const method = body === undefined ? "GET" : "POST";
  const length = body === undefined ? {} : { "content-length": body.length };
  const message = request({ port, host: "127.0.0.1", path, method, headers: { ...headers, ...length } });
  message.end(body);
  const [answer] = await once(message, "response");
  const text = (await answer.toArray()).join("");
  if (answer.statusCode !== 200) throw new Error(`${path}: ${answer.statusCode} ${text}`);
  return { text, cookie: answer.headers["set-cookie"]?.[0]?.split(";")[0] };
}
