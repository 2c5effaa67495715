import type { MediaGrant, MediaGrants } from "../../kernel/ports/media-grants.ts";

/** Asks several sources of grants, one after the other: the guests module, the application. Without any, nobody may. */
export class GrantSources implements MediaGrants {
  readonly #sources: MediaGrants[] = [];

  add(source: MediaGrants): void {
    this.#sources.push(source);
  }

  of: MediaGrants["of"] = async (transaction, holder): Promise<MediaGrant | undefined> => {
    for (const source of this.#sources) {
      const grant = await source.of(transaction, holder);
      if (grant !== undefined) return grant;
    }
    return undefined;
  };

  generation: MediaGrants["generation"] = async (grant): Promise<number | undefined> => {
    for (const source of this.#sources) {
      const generation = await source.generation(grant);
      if (generation !== undefined) return generation;
    }
    return undefined;
  };
}
