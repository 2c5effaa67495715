import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { z } from "zod";

/** What a bridge joins. */
export interface McpBridgeParts {
  /** The endpoint: `https://example.com/mcp`. */
  readonly url: string;
  readonly token: string;
  readonly input: Readable;
  readonly output: Writable;
  readonly fetch?: typeof fetch;
}

const VERSION_KEY = "io.modelcontextprotocol/protocolVersion";
const ACCEPT = "application/json, text/event-stream";
const LONGEST_LINE = 4 * 1_048_576;
const Message = z.looseObject({
  id: z.union([z.string(), z.number()]).optional(),
  method: z.string().optional(),
  params: z.looseObject({}).optional(),
});
type Message = z.infer<typeof Message>;
const Envelope = z.object({ [VERSION_KEY]: z.string() });
const Initialized = z.object({ result: z.object({ protocolVersion: z.string() }) });

/**
 * Passes messages between a program that speaks MCP over its standard streams and the endpoint of a server, until the
 * input ends. Whoever's token it is, is who attempts everything: there is no second way in.
 */
export async function bridgeMcp(parts: McpBridgeParts): Promise<void> {
  const bridge = new McpBridge(parts);
  await bridge.run();
}

class McpBridge {
  readonly #parts: McpBridgeParts;
  readonly #running = new Set<Promise<void>>();
  readonly #stop = new AbortController();
  /** Of the era that says it once. */
  #version: string | undefined;

  constructor(parts: McpBridgeParts) {
    this.#parts = parts;
  }

  async run(): Promise<void> {
    for await (const line of createInterface({ input: this.#parts.input, crlfDelay: Infinity })) {
      if (line.trim() === "") continue;
      const passing = this.#pass(line).finally(() => this.#running.delete(passing));
      this.#running.add(passing);
      // The version that a client and a server agree on goes with every message after the first.
      if (line.includes('"initialize"')) await passing;
    }
    // Whoever closes its end waits for no answers.
    this.#stop.abort();
    await Promise.all(this.#running);
  }

  async #pass(line: string): Promise<void> {
    const message = parse(line);
    if (message === undefined) return this.#tell(fault(null, -32700, "This is not a message of JSON-RPC."));
    try {
      await this.#send(line, message);
    } catch (error) {
      if (this.#stop.signal.aborted || message.id === undefined) return;
      const reason = error instanceof Error ? error.message : String(error);
      this.#tell(fault(message.id, -32000, `The server cannot be reached: ${reason}`));
    }
  }

  async #send(line: string, message: Message): Promise<void> {
    const { url, token, fetch: send = fetch } = this.#parts;
    const response = await send(url, {
      method: "POST",
      headers: {
        ...{ authorization: `Bearer ${token}`, "content-type": "application/json", accept: ACCEPT },
        ...this.#headersOf(message),
      },
      body: line,
      signal: this.#stop.signal,
      // The token is for this address alone.
      redirect: "error",
    });
    const type = response.headers.get("content-type") ?? "";
    if (type.startsWith("text/event-stream")) return this.#passEvents(response);
    const text = await response.text();
    if (text === "") return undefined;
    const answer = type.startsWith("application/json") ? text : undefined;
    if (answer !== undefined) return this.#answer(answer, message);
    if (message.id !== undefined)
      this.#tell(fault(message.id, -32000, `The server has answered with ${response.status}.`));
  }

  #answer(text: string, { method }: Message): void {
    const value: unknown = JSON.parse(text);
    const agreed = method === "initialize" ? Initialized.safeParse(value) : undefined;
    if (agreed?.success === true) this.#version = agreed.data.result.protocolVersion;
    this.#tell(value);
  }

  async #passEvents(response: Response): Promise<void> {
    const decoder = new TextDecoder();
    let rest = "";
    const pieces: AsyncIterable<Uint8Array> | readonly Uint8Array[] = response.body ?? [];
    for await (const piece of pieces) {
      rest += decoder.decode(piece, { stream: true });
      if (rest.length > LONGEST_LINE) throw new Error("a message is too long");
      const events = rest.split(/\r?\n\r?\n/);
      rest = events.pop() ?? "";
      for (const event of events) this.#event(event);
    }
    this.#event(rest);
  }

  #event(event: string): void {
    const data = event
      .split(/\r?\n/)
      .filter((line) => line.startsWith("data:"))
      .map((line) => line.slice("data:".length).trimStart())
      .join("\n");
    if (data === "") return;
    const value: unknown = JSON.parse(data);
    const agreed = Initialized.safeParse(value);
    if (agreed.success) this.#version ??= agreed.data.result.protocolVersion;
    this.#tell(value);
  }

  /** What the headers of a request repeat of its body, for what stands between. */
  #headersOf({ method, params = {} }: Message): Record<string, string> {
    const { _meta: meta, name, uri, taskId } = params;
    const enveloped = Envelope.safeParse(meta);
    const own = enveloped.success ? enveloped.data[VERSION_KEY] : undefined;
    if (own === undefined) return this.#version === undefined ? {} : { "mcp-protocol-version": this.#version };
    const named = [name, uri, taskId].find((value) => typeof value === "string");
    return {
      "mcp-protocol-version": own,
      ...(method === undefined ? {} : { "mcp-method": method }),
      ...(typeof named === "string" ? { "mcp-name": headerText(named) } : {}),
    };
  }

  #tell(value: unknown): void {
    this.#parts.output.write(`${JSON.stringify(value)}\n`);
  }
}

function parse(line: string): Message | undefined {
  try {
    return Message.parse(JSON.parse(line));
  } catch {
    return undefined;
  }
}

function fault(id: string | number | null, code: number, message: string): object {
  return { jsonrpc: "2.0", id, error: { code, message } };
}

/** Names that header fields cannot carry as they are go in base64, as the protocol has it. */
function headerText(text: string): string {
  const plain = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(text) && !text.startsWith("=?base64?");
  return plain ? text : `=?base64?${Buffer.from(text).toString("base64")}?=`;
}
