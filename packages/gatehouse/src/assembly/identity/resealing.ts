import { z } from "zod";
import type { KeyKeeper } from "../../console/key-operations.ts";
import type { Documents } from "../../kernel/ports/documents.ts";
import type { Store } from "../../kernel/ports/store.ts";
import type { IdentityServices } from "./identity-services.ts";

/** What is sealed anew, and when. */
export interface ResealingParts {
  readonly store: Store;
  readonly documents: Pick<Documents, "get" | "put">;
  /** The versions of the key ring. */
  readonly keys: Pick<KeyKeeper, "list">;
  readonly accounts: Pick<IdentityServices["accounts"], "reseal">;
  readonly clients: Pick<IdentityServices["clients"], "reseal">;
  readonly signingKeys: Pick<IdentityServices["keys"], "reseal">;
}

const NOTE = { kind: "identity-resealed", tenant: "-", id: "-" } as const;
const Note = z.object({ version: z.number() });

/**
 * Seals accounts, clients and signing keys under the current version of the keys, so that the ones before can be removed.
 * Notes the version it is done with, so that all rows are read once after a rotation, and not every time and on every
 * server.
 */
export function createResealingJob({ store, documents, keys, ...sealed }: ResealingParts) {
  return async (signal: AbortSignal): Promise<void> => {
    const version = keys.list().find(({ state }) => state === "current")?.version;
    const document = await store.read((reading) => documents.get(reading, NOTE));
    const done = document === undefined ? undefined : Note.parse(JSON.parse(document.body)).version;
    if (version === undefined || done === version) return;
    await sealed.signingKeys.reseal();
    for (const part of [sealed.accounts, sealed.clients]) await part.reseal(store, signal);
    if (signal.aborted) return;
    const body = JSON.stringify({ version });
    await store.write((writing) => documents.put(writing, NOTE, { expected: document?.version ?? 0, body }));
  };
}
