import type { Clock } from "../../kernel/clock.ts";
import { base64url } from "../../kernel/codec.ts";
import { jsonDigest } from "../../kernel/digest.ts";
import type { Documents } from "../../kernel/ports/documents.ts";
import type { Store } from "../../kernel/ports/store.ts";
import type { Random } from "../../kernel/random.ts";
import type { Sealer } from "../../kernel/seal.ts";
import { callerParts, type JsonObject, type McpCaller } from "./caller.ts";

/** What states are kept with. */
export interface RequestStatesParts {
  readonly sealer: Sealer;
  readonly documents: Documents;
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
}

/** What a state belongs to: somebody's call of one tool with the same arguments. */
export interface StatedCall extends Pick<McpCaller, "principal" | "tenant"> {
  readonly method: string;
  readonly name: string;
  readonly arguments: JsonObject;
}

const KIND = "mcp-request-state";
const ID_BYTES = 16;
/** Milliseconds in which somebody answers. */
const LIFETIME = 600_000;

/**
 * What a tool hands out with its questions and gets back with the answers. It travels through the client, so it is sealed,
 * bound to whoever was asked, ends by itself, and counts once.
 */
export class RequestStates {
  readonly #parts: RequestStatesParts;

  constructor(parts: RequestStatesParts) {
    this.#parts = parts;
  }

  /** Hands a value out. */
  mint(call: StatedCall, value: unknown): string {
    const { clock, random, sealer } = this.#parts;
    const state = { id: base64url(random.bytes(ID_BYTES)), until: clock.now() + LIFETIME, value: value ?? null };
    return sealer.seal(JSON.stringify(state), bindingOf(call));
  }

  /**
   * Takes it back.
   * @throws {Error} when it was altered, belongs to another call, has expired or was used before.
   */
  async redeem(call: StatedCall, text: string): Promise<unknown> {
    const { clock, sealer, store, documents } = this.#parts;
    // What opens was written by `mint`.
    const { id, until, value } = JSON.parse(sealer.open(text, bindingOf(call))) as Minted;
    if (until <= clock.now()) throw new Error("The request state has expired.");
    const key = { kind: KIND, tenant: call.tenant, id };
    const used = await store.write((writing) =>
      documents.put(writing, key, { expected: 0, body: "", expiresAt: until }),
    );
    if (used === undefined) throw new Error("The request state was used before.");
    return value;
  }
}

interface Minted {
  readonly id: string;
  readonly until: number;
  readonly value: unknown;
}

function bindingOf({ principal, tenant, method, name, arguments: given }: StatedCall) {
  return { purpose: KIND, context: [tenant, ...callerParts(principal), method, name, jsonDigest(given)] };
}
