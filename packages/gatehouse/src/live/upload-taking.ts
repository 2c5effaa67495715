import { deny, type Denial } from "../kernel/outcome.ts";
import type { WriteTransaction } from "../kernel/ports/store.ts";
import type { UploadRecords } from "../kernel/ports/uploads.ts";
import { problems } from "../kernel/problems.ts";
import { liveEvents } from "./events.ts";
import type { StateKey } from "./state-key.ts";
import type { UploadedFile } from "./upload.ts";
import { contextOf } from "./upload-intake.ts";
import type { UploadSeals } from "./upload-seal.ts";

/** What uploads are taken with. */
export interface UploadTaking {
  readonly seals: UploadSeals;
  readonly records: UploadRecords;
}

const GONE = "This file is no longer there. Please choose it again.";

/**
 * Takes the uploads that a call gives its action, in the transaction of the action: they are used up with it, and wait on
 * where it fails. Only what this session has uploaded for this very field of this very instance is taken.
 */
export async function takeUploads(
  { seals, records }: UploadTaking,
  transaction: WriteTransaction,
  { key, references }: { readonly key: StateKey; readonly references: Readonly<Record<string, readonly string[]>> },
): Promise<Readonly<Record<string, readonly UploadedFile[]>> | Denial> {
  const taken: Record<string, readonly UploadedFile[]> = {};
  for (const [field, given] of Object.entries(references)) {
    const files: UploadedFile[] = [];
    for (const [index, reference] of given.entries()) {
      const place = { ...key, field };
      const file = seals.openReference(place, reference);
      if (file === undefined) return refuse(place, index, "forged");
      const { tenant, owner } = key;
      if (!(await records.take(transaction, { id: file.id, tenant, owner }))) return refuse(place, index, "gone");
      files.push(file);
    }
    taken[field] = files;
  }
  return taken;
}

function refuse(place: StateKey & { readonly field: string }, index: number, reason: string): Denial {
  return deny(problems.VALIDATION_ERROR, {
    violations: [{ pointer: `/params/${place.field}/${index}`, message: GONE }],
    event: liveEvents.upload_reference_refused,
    context: { ...contextOf(place), reason },
  });
}
