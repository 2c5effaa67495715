import { applyPatch, type ContentPatch } from "../patch.ts";
import type { ContentTransfer } from "./log.ts";

/** The part of an update that carries a content. */
export interface ContentUpdate {
  readonly component_id?: string;
  readonly html?: string;
  readonly patch?: ContentPatch;
  readonly unchanged?: true;
  readonly version?: number;
}

/** A content as the server sent it, of a version. */
interface Known {
  readonly html: string;
  readonly version: number;
}

/** Bytes of a text as it is sent. */
export function bytesOf(text: string): number {
  return new TextEncoder().encode(text).byteLength;
}

/** The contents that the server has sent for this page, to tell what patches have saved. */
export class Contents {
  readonly #known = new Map<string, Known>();
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  /** The contents as they are now: answers to a request that is sent now are about these. */
  get(ids: readonly string[]): ReadonlyMap<string, Known | undefined> {
    return new Map(ids.map((id) => [id, this.#known.get(id)]));
  }

  /** Takes an update of a content; answers how it came, or `undefined` where it carried none. */
  take(id: string, update: ContentUpdate, base: Known | undefined): ContentTransfer | undefined {
    const { html, patch, unchanged, version = 0 } = update;
    if (unchanged === true && base !== undefined) return { kind: "unchanged", sent: 0, whole: sizeOf(base.html) };
    const content = html ?? (patch !== undefined && base !== undefined ? applyPatch(base.html, patch) : undefined);
    if (content === undefined) return undefined;
    // An older answer is not shown either.
    if (version >= (this.#known.get(id)?.version ?? 0)) this.#keep(id, { html: content, version });
    const whole = sizeOf(content);
    return html === undefined ? { kind: "patch", sent: sizeOf(patch), whole } : { kind: "whole", sent: whole, whole };
  }

  #keep(id: string, known: Known): void {
    this.#known.delete(id);
    this.#known.set(id, known);
    const [oldest] = this.#known.keys();
    if (this.#known.size > this.#most && oldest !== undefined) this.#known.delete(oldest);
  }
}

function sizeOf(value: unknown): number {
  return bytesOf(JSON.stringify(value));
}
