import type { Clock } from "../../kernel/clock.ts";
import { IssuerUnavailableError } from "./issuer-fetch.ts";

/** How a document of an issuer is fetched and kept. */
export interface KeptDocumentParts<Value> {
  readonly load: () => Promise<Value>;
  readonly clock: Pick<Clock, "now">;
}

/** Milliseconds between two tries, whatever asks for them. */
const COOLDOWN = 30_000;
/** Milliseconds after which it is fetched anew. */
const FRESH = 600_000;
/** Milliseconds after which it counts no longer, where it cannot be fetched anew. */
const LONGEST = 3_600_000;

/**
 * A document of an issuer: fetched when it is needed, once for all who need it, and not more often than twice a minute,
 * whatever callers send and whether the issuer answers or not.
 */
export class KeptDocument<Value> {
  readonly #parts: KeptDocumentParts<Value>;
  #kept: { readonly value: Value; readonly at: number } | undefined;
  #tried: number | undefined;
  #loading: Promise<void> | undefined;

  constructor(parts: KeptDocumentParts<Value>) {
    this.#parts = parts;
  }

  /**
   * The document as it was fetched last.
   * @throws {IssuerUnavailableError} when there is none that counts.
   */
  async get(): Promise<Value> {
    if (this.#age() > FRESH) await this.#load();
    const kept = this.#kept;
    if (kept === undefined || this.#age() > LONGEST) throw new IssuerUnavailableError("The issuer does not answer.");
    return kept.value;
  }

  /** The document after `stale`, where there is another by now or it may be asked for again; `undefined` where not. */
  async renewed(stale: Value): Promise<Value | undefined> {
    if (this.#kept?.value === stale) await this.#load();
    return this.#kept?.value === stale ? undefined : this.#kept?.value;
  }

  #age(): number {
    return this.#kept === undefined ? Number.POSITIVE_INFINITY : this.#parts.clock.now() - this.#kept.at;
  }

  #load(): Promise<void> {
    if (this.#loading !== undefined) return this.#loading;
    const now = this.#parts.clock.now();
    if (this.#tried !== undefined && now < this.#tried + COOLDOWN) return Promise.resolve();
    this.#tried = now;
    this.#loading = this.#fetch(now).finally(() => (this.#loading = undefined));
    return this.#loading;
  }

  /** What cannot be fetched is missed by whoever needs it, not here. */
  async #fetch(at: number): Promise<void> {
    try {
      this.#kept = { value: await this.#parts.load(), at };
    } catch (error) {
      if (!(error instanceof IssuerUnavailableError)) throw error;
    }
  }
}
