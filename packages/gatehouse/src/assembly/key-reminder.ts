import type { KeyKeeper } from "../console/key-operations.ts";
import type { Clock } from "../kernel/clock.ts";
import { keyRotation, type KeyRotation } from "../kernel/key-rotation.ts";
import type { Documents } from "../kernel/ports/documents.ts";
import type { Store } from "../kernel/ports/store.ts";

/** What a reminder is made from. */
export interface KeyReminderParts {
  readonly keys: Pick<KeyKeeper, "list">;
  readonly store: Pick<Store, "write">;
  readonly documents: Pick<Documents, "put">;
  readonly clock: Pick<Clock, "now">;
  /** Milliseconds after which keys are to be rotated. */
  readonly rotateAfter: number;
  /** Receives what is overdue. */
  readonly remind: (rotation: KeyRotation) => void;
}

const DAY = 86_400_000;

/**
 * Looks whether the keys are to be rotated, and reminds of it once a day, however often and on however many servers it
 * is asked: whoever writes the note of the day first is the one to remind.
 */
export function createKeyReminder(parts: KeyReminderParts): () => Promise<void> {
  const { keys, store, documents, clock, rotateAfter, remind } = parts;
  let notBefore = -Infinity;
  return async () => {
    const now = clock.now();
    const rotation = keyRotation(keys.list(), { now, rotateAfter });
    if (!rotation.due || now < notBefore) return;
    await store.write(async (transaction) => {
      const note = { kind: "key-reminder", tenant: "-", id: String(rotation.version) };
      const body = JSON.stringify({ dueAt: rotation.dueAt });
      const expiresAt = (await transaction.now()) + DAY;
      const written = await documents.put(transaction, note, { expected: 0, body, expiresAt });
      transaction.afterCommit(() => {
        if (written === undefined) return;
        notBefore = now + DAY;
        remind(rotation);
      });
    });
  };
}
