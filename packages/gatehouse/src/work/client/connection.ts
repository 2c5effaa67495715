import { base64url } from "../../kernel/codec.ts";
import { systemRandom, type Random } from "../../kernel/random.ts";
import { pause, systemTimers, type Timers } from "../../kernel/timers.ts";
import { WorkError } from "./work-error.ts";

/** What a client is made with. */
export interface WorkClientOptions {
  /** Where the REST interface is: `https://example.com/api/work`. */
  readonly url: string;
  /** An access token for it, or what obtains one; asked before each call. */
  readonly token: string | (() => string | Promise<string>);
  /** What records say of the program. */
  readonly program?: {
    readonly name: string;
    readonly version?: string;
    readonly model?: string;
    readonly runtime?: string;
  };
  /** Default: the machine's. */
  readonly fetch?: typeof fetch;
  readonly random?: Random;
  readonly timers?: Timers;
  /** How often a call is tried that could not be made, or that the server asks to try again. Default 4. */
  readonly tries?: number;
}

/** What is said with a call. */
export interface Calling {
  readonly body?: object;
  readonly query?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Whether it changes something, and is carried out once however often it is tried. */
  readonly once?: boolean;
  readonly signal?: AbortSignal | undefined;
}

const KEY_BYTES = 24;
const FIRST_PAUSE = 250;
const LONGEST_PAUSE = 30_000;
/** What may be different the next time. */
const PASSING = new Set([429, 502, 503, 504]);

/** Calls the REST interface: with a token, and again under the same key where it is not known what became of a call. */
export class WorkConnection {
  readonly #options: WorkClientOptions;

  constructor(options: WorkClientOptions) {
    this.#options = { ...options, url: options.url.replace(/\/$/, "") };
  }

  /** @throws {WorkError} when the server refuses; whatever `fetch` throws when it cannot be reached. */
  async call(path: string, calling: Calling = {}): Promise<unknown> {
    const { timers = systemTimers, tries = 4, random = systemRandom } = this.#options;
    const key = calling.once === true ? { "idempotency-key": base64url(random.bytes(KEY_BYTES)) } : {};
    for (let attempt = 1; ; attempt += 1) {
      const last = attempt >= tries;
      try {
        return await this.#send(path, { ...calling, headers: { ...calling.headers, ...key } });
      } catch (error) {
        if (last || calling.signal?.aborted === true || !isPassing(error)) throw error;
        const asked = error instanceof WorkError ? (error.retryAfter ?? 0) * 1000 : 0;
        const wait = Math.min(LONGEST_PAUSE, Math.max(asked, FIRST_PAUSE * 2 ** (attempt - 1)));
        await pause(timers, wait, calling.signal === undefined ? {} : { signal: calling.signal });
      }
    }
  }

  async #send(path: string, { body, query = {}, headers = {}, signal }: Calling): Promise<unknown> {
    const { url, fetch: send = fetch } = this.#options;
    const asked = Object.entries(query).filter(([, value]) => value !== undefined);
    const search = new URLSearchParams(asked.map(([name, value]): [string, string] => [name, String(value)]));
    const response = await send(`${url}${path}${search.size === 0 ? "" : `?${search.toString()}`}`, {
      method: body === undefined ? "GET" : "POST",
      headers: {
        ...(await this.#headers()),
        ...headers,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
      // A token is for this address alone.
      redirect: "error",
    });
    const answer: unknown = await response.json().catch(() => ({}));
    if (response.ok) return answer;
    throw new WorkError(response.status, typeof answer === "object" && answer !== null ? { ...answer } : {});
  }

  async #headers(): Promise<Readonly<Record<string, string>>> {
    const { token, program } = this.#options;
    const said = {
      "x-agent-name": program?.name,
      "x-agent-version": program?.version,
      "x-model-name": program?.model,
      "x-runtime": program?.runtime,
    };
    const known = Object.entries(said).filter((entry): entry is [string, string] => entry[1] !== undefined);
    const bearer = typeof token === "string" ? token : await token();
    return { authorization: `Bearer ${bearer}`, accept: "application/json", ...Object.fromEntries(known) };
  }
}

function isPassing(error: unknown): boolean {
  return error instanceof WorkError ? PASSING.has(error.status) : !(error instanceof DOMException);
}
