import { z } from "zod";
import type { KeyKeeper } from "../../console/key-operations.ts";
import type { AccountServices } from "../../identity/accounts/accounts.ts";
import type { KeyKeeper as SigningKeyKeeper } from "../../identity/keys/key-keeper.ts";
import type { Documents } from "../../kernel/ports/documents.ts";
import type { Store } from "../../kernel/ports/store.ts";

/** What is sealed anew, and when. */
export interface ResealingParts {
  readonly store: Store;
  readonly documents: Pick<Documents, "get" | "put">;
  /** The versions of the key ring. */
  readonly keys: Pick<KeyKeeper, "list">;
  readonly accounts: Pick<AccountServices, "reseal">;
  readonly signingKeys: Pick<SigningKeyKeeper, "reseal">;
}

const NOTE = { kind: "identity-resealed", tenant: "-", id: "-" } as const;
const Note = z.object({ version: z.number() });

/**
 * Seals accounts and signing keys under the current version of the keys, so that the ones before can be removed. Notes the version it is
 * done with, so that all rows are read once after a rotation, and not every time and on every server.
 */
export function createResealingJob({ store, documents, keys, accounts, signingKeys }: ResealingParts) {
  return async (signal: AbortSignal): Promise<void> => {
    const version = keys.list().find(({ state }) => state === "current")?.version;
    const document = await store.read((reading) => documents.get(reading, NOTE));
    const done = document === undefined ? undefined : Note.parse(JSON.parse(document.body)).version;
    if (version === undefined || done === version) return;
    await signingKeys.reseal();
    await accounts.reseal(store, signal);
    if (signal.aborted) return;
    const body = JSON.stringify({ version });
    await store.write((writing) => documents.put(writing, NOTE, { expected: document?.version ?? 0, body }));
  };
}
