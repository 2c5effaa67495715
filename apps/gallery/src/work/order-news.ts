import type { AssetNews } from "../photos/asset-news.ts";

/** What has changed, for pages that are open. */
export type News =
  | ({ readonly kind: "photo" } & AssetNews)
  /** What the components show that follow a topic. */
  | { readonly kind: "topic"; readonly tenant: string; readonly topic: string };

/** Tells of what is changed by orders and hosts, in this process, once that is durable. */
export class OrderNews {
  readonly #followers = new Set<(news: News) => void>();

  follow(heard: (news: News) => void): void {
    this.#followers.add(heard);
  }

  photo(news: AssetNews): void {
    this.#tell({ kind: "photo", ...news });
  }

  topic(tenant: string, topic: string): void {
    this.#tell({ kind: "topic", tenant, topic });
  }

  #tell(news: News): void {
    for (const heard of this.#followers) heard(news);
  }
}
