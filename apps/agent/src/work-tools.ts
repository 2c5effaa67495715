import { Client, StreamableHTTPClientTransport, type CallToolResult } from "@modelcontextprotocol/client";
import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";
import type { Pace } from "./pace.ts";
import { patientFetch } from "./patient-fetch.ts";
import type { AccessTokens } from "./access-tokens.ts";

/** The server has refused something, and says why by a code. */
export class WorkRefusal extends Error {
  override readonly name = "WorkRefusal";
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

const Lease = z.object({ item: z.uuid(), lease: z.string(), epoch: z.int() });
const Item = Lease.extend({
  order: z.uuid(),
  type: z.string(),
  key: z.string(),
  input: z.unknown(),
  attempt: z.int(),
  /** What was wrong with it the last time: a reviewer's words, or the server's. */
  errors: z.array(z.object({ code: z.string(), message: z.string() })).optional(),
  heartbeat_every_seconds: z.number(),
});
/** An item in the agent's hands. */
export type Item = z.infer<typeof Item>;
/** What every call about it shows. */
export type Lease = z.infer<typeof Lease>;

const CheckedOut = z.object({ items: z.array(Item) });
const Beaten = z.object({ cancel_requested: z.boolean() });
const Proposed = z.object({ order: z.uuid(), state: z.string() });
const Problem = z.object({ code: z.string(), message: z.string().optional(), retry_after: z.number().optional() });

/** What an agent hands in. */
export interface Handed {
  readonly result: unknown;
  readonly evidence: readonly { readonly title: string; readonly text: string }[];
  readonly notes?: string;
}

/** What tools are called with. */
export interface WorkToolsParts {
  /** Where the server is. */
  readonly origin: string;
  readonly tokens: AccessTokens;
  readonly pace: Pace;
}

const SCOPES = "work:read work:propose work:execute";
const MOST_WAITS = 20;
const SECOND = 1000;

/** The tools of work orders, over the Model Context Protocol. Where the server asks to wait, that is done here. */
export class WorkTools implements AsyncDisposable {
  readonly #client: Client;

  private constructor(client: Client) {
    this.#client = client;
  }

  /** Connects to the server's endpoint. */
  static async connect({ origin, tokens, pace }: WorkToolsParts): Promise<WorkTools> {
    const resource = `${origin}/mcp`;
    const client = new Client(
      { name: "gatehouse-gallery-agent", version: "0.1.0" },
      { versionNegotiation: { mode: "auto" } },
    );
    const authProvider = {
      token: () => tokens.for(resource, SCOPES),
      onUnauthorized: async () => tokens.renew(resource),
    };
    const paced: typeof patientFetch = async (address, init) => {
      await pace.turn();
      return patientFetch(address, init);
    };
    await client.connect(new StreamableHTTPClientTransport(new URL(resource), { authProvider, fetch: paced }));
    return new WorkTools(client);
  }

  async propose(proposal: { readonly type: string; readonly input: unknown; readonly key: string }) {
    const { key, ...order } = proposal;
    return Proposed.parse(await this.#call("work.propose", { ...order, idempotency_key: key }));
  }

  /** Takes items; none where there is nothing to do. */
  async checkOut(wish: { readonly types: readonly string[]; readonly count: number; readonly wait: number }) {
    const { types, count, wait } = wish;
    try {
      return CheckedOut.parse(await this.#call("work.checkout", { types, count, wait_ms: wait })).items;
    } catch (error) {
      if (error instanceof WorkRefusal && error.code === "NO_ITEMS_AVAILABLE") return [];
      throw error;
    }
  }

  /** Says that it is still at it; whether nobody wants it any more. */
  async beat(lease: Lease, note: string): Promise<boolean> {
    const beaten = await this.#call("work.heartbeat", { ...shown(lease), progress: { note } });
    return Beaten.parse(beaten).cancel_requested;
  }

  async submit(lease: Lease, { result, evidence, notes }: Handed): Promise<void> {
    await this.#call("work.submit", {
      ...{ ...shown(lease), result, evidence, idempotency_key: `submit-${lease.item}-${lease.epoch}` },
      ...(notes === undefined ? {} : { notes }),
    });
  }

  async release(lease: Lease, reason: string): Promise<void> {
    await this.#call("work.release", { ...shown(lease), reason });
  }

  /** Says that it cannot be done, and that somebody else may try. */
  async fail(lease: Lease, message: string): Promise<void> {
    await this.#call("work.fail", { ...shown(lease), errors: [{ code: "agent_failed", message }], retry: true });
  }

  async #call(name: string, given: Readonly<Record<string, unknown>>): Promise<unknown> {
    for (let waits = 0; ; waits += 1) {
      const result = await this.#client.callTool({ name, arguments: given });
      if (result.isError !== true) return result.structuredContent;
      const { code, message = code, retry_after: seconds } = problemOf(result);
      if (code !== "RATE_LIMIT_EXCEEDED" || waits >= MOST_WAITS) throw new WorkRefusal(code, message);
      await pause((seconds ?? 1) * SECOND);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.close();
  }
}

function shown({ item, lease, epoch }: Lease): Lease {
  return { item, lease, epoch };
}

function problemOf({ content }: CallToolResult): z.infer<typeof Problem> {
  const [said] = content;
  const text = said?.type === "text" ? said.text : "";
  try {
    return Problem.parse(JSON.parse(text));
  } catch {
    // The library has refused it before the server's own rules could.
    return { code: "REFUSED", message: text };
  }
}
