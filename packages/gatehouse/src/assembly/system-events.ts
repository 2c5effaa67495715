import { identityEvents } from "../identity/events.ts";
import type { KeyChange } from "../identity/keys/key-keeper.ts";
import type { Clock } from "../kernel/clock.ts";
import type { EventStream } from "../kernel/event-stream.ts";
import type { EventDefinition, SecurityEvent } from "../kernel/event.ts";
import { events as definitions } from "../kernel/events.ts";
import type { Ids } from "../kernel/ids.ts";
import type { KeyRotation } from "../kernel/key-rotation.ts";
import type { SealBinding } from "../kernel/seal.ts";
import { uploadEvents } from "../media/upload/events.ts";
import type { StoreStateChange } from "../store/breaker.ts";

/** Emits events of the system's own doings. */
export interface SystemEvents {
  storeChange(change: StoreStateChange): void;
  plaintextAccepted(binding: SealBinding): void;
  keyRotationDue(rotation: KeyRotation): void;
  uploadsUnknown(files: number): void;
  signingKeys(changes: readonly KeyChange[]): void;
  uploadsDeleted(files: number): void;
  /** Uploads to collections were given up because their time had run out. */
  mediaUploadsExpired(uploads: number): void;
  started(context: SecurityEvent["context"]): void;
  stopped(): void;
}

interface Parts {
  readonly events: EventStream;
  readonly ids: Ids;
  readonly clock: Clock;
}

const DAY = 86_400_000;

/** The system as an actor on the stream of events. */
export function systemEvents({ events, ids, clock }: Parts): SystemEvents {
  function emit(definition: EventDefinition, more: Pick<SecurityEvent, "action" | "outcome" | "context">): void {
    const id = ids.next();
    const { name, level } = definition;
    const actor = { type: "system", id: "server" } as const;
    const source = { entrance: "job" } as const;
    events.emit({ id, at: clock.now(), name, level, tenant: "-", actor, source, requestId: id, ...more });
  }
  return {
    storeChange({ store, available, detail }) {
      const definition = available ? definitions.store_recovered : definitions.store_unavailable;
      emit(definition, { action: "store.watch", outcome: available ? "success" : "error", context: { store, detail } });
    },
    plaintextAccepted({ purpose }) {
      emit(definitions.crypt_plaintext_accepted, { action: "seal.open", outcome: "success", context: { purpose } });
    },
    keyRotationDue({ version, age, dueAt }) {
      const context = { version, days: Math.floor(age / DAY), dueAt: new Date(dueAt).toISOString() };
      emit(definitions.key_rotation_due, { action: "keys.watch", outcome: "success", context });
    },
    uploadsUnknown(files) {
      const advice = "Is this the store that the uploads belong to? They are kept for a week, and while it knows none.";
      emit(definitions.uploads_unknown, { action: "uploads.watch", outcome: "success", context: { files, advice } });
    },
    uploadsDeleted(files) {
      emit(definitions.uploads_deleted, { action: "uploads.watch", outcome: "success", context: { files } });
    },
    mediaUploadsExpired(uploads) {
      const context = { uploads };
      emit(uploadEvents.media_upload_expired, { action: "media.uploads.watch", outcome: "success", context });
    },
    signingKeys(changes) {
      for (const { kid, step } of changes) {
        const lost = step.what === "move" && step.to === "compromised";
        const definition = lost ? identityEvents.oauth_key_compromised : identityEvents.oauth_key_changed;
        const fingerprint = kid;
        const context =
          step.what === "create" ? { fingerprint, to: step.state } : { fingerprint, from: step.from, to: step.to };
        emit(definition, { action: "oauth.keys.watch", outcome: "success", context });
      }
    },
    started: (context) => emit(definitions.sys_startup, { action: "server.start", outcome: "success", context }),
    stopped: () => emit(definitions.sys_shutdown, { action: "server.stop", outcome: "success", context: {} }),
  };
}
