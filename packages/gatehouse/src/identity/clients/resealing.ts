import type { ClientKey, OAuthClients } from "../../kernel/ports/oauth-clients.ts";
import type { Store } from "../../kernel/ports/store.ts";
import type { ClientCodec } from "./client-codec.ts";
import type { ClientSecrets } from "./client-secrets.ts";

/** What is sealed anew. */
export interface ClientResealingParts {
  readonly clients: OAuthClients;
  readonly codec: ClientCodec;
  readonly secrets: ClientSecrets;
}

/** Clients that are looked at in one transaction. */
const CHUNK = 50;

/** Seals the rows of all clients under the current key. Can be stopped and begun again at any time. */
export async function resealClients(store: Store, parts: ClientResealingParts, signal?: AbortSignal): Promise<number> {
  const { clients, codec, secrets } = parts;
  let sealed = 0;
  let after: ClientKey | undefined;
  do {
    const page = { after, limit: CHUNK };
    const { seen, count } = await store.write(async (writing) => {
      const found = await clients.list(writing, page);
      let anew = 0;
      for (const client of found) {
        anew += await secrets.reseal(writing, client);
        if (!codec.needsReseal(client.body)) continue;
        const body = codec.sealMetadata(client, codec.openMetadata(client, client.body));
        await clients.reseal(writing, client, { before: client.body, body });
        anew += 1;
      }
      return { seen: found, count: anew };
    });
    sealed += count;
    after = seen.length < CHUNK ? undefined : seen.at(-1);
  } while (after !== undefined && signal?.aborted !== true);
  return sealed;
}
