import type { AnyAction } from "../kernel/action.ts";
import type { UploadRecords } from "../kernel/ports/uploads.ts";
import type { Random } from "../kernel/random.ts";
import type { Sealer } from "../kernel/seal.ts";
import type { AnyLiveComponent } from "./component.ts";
import { nowhereAction, uploadActions } from "./upload-action.ts";
import { UploadIntake, type UploadStorage } from "./upload-intake.ts";
import { UploadSeals } from "./upload-seal.ts";

/** What uploads of live components are made from. */
export interface LiveUploadsParts {
  readonly components: readonly AnyLiveComponent[];
  readonly sealer: Pick<Sealer, "seal" | "open">;
  readonly random: Random;
  readonly uploads?: UploadStorage;
}

/** The uploads of an application's components. */
export interface LiveUploads {
  readonly seals: UploadSeals;
  readonly records: UploadRecords;
  /** One action at the gate for each upload field, and one for uploads to nowhere. */
  readonly actions: readonly AnyAction[];
}

/**
 * Uploads, where a component has fields for them; `lifetime` is how many milliseconds a page may be uploaded from.
 * @throws {TypeError} when there is nowhere to store files
 */
export function createLiveUploads(parts: LiveUploadsParts, lifetime: number): LiveUploads | undefined {
  const { components, sealer, random, uploads: storage } = parts;
  const uploading = components.filter(({ uploads }) => Object.keys(uploads).length > 0);
  const [first] = uploading;
  if (first === undefined) return undefined;
  if (storage === undefined)
    throw new TypeError(`The component ${first.name} has upload fields; give createLive the uploads to store them.`);
  const seals = new UploadSeals({ sealer, lifetime });
  const intake = new UploadIntake({ ...storage, seals, random });
  const actions = uploading.flatMap((component) => uploadActions(component, { seals, intake }));
  return { seals, records: storage.records, actions: [...actions, nowhereAction()] };
}
