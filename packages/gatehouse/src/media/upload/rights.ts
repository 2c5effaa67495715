import type { Authorise } from "../../kernel/action.ts";
import type { Principal } from "../../kernel/attempt.ts";
import type { Clock } from "../../kernel/clock.ts";
import { isDenial, type Denial } from "../../kernel/outcome.ts";
import type { MediaGrant, MediaGrants } from "../../kernel/ports/media-grants.ts";
import type { ResumableUpload, ResumableUploads } from "../../kernel/ports/resumable-uploads.ts";
import type { ReadTransaction } from "../../kernel/ports/store.ts";
import { isOwn } from "./ownership.ts";
import { uploadProblems } from "./problems.ts";
import { notThere, refuse } from "./refusals.ts";

/** What tells who may do what with an upload. */
export interface UploadRights {
  readonly uploads: Pick<ResumableUploads, "find">;
  readonly grants: Pick<MediaGrants, "of">;
  readonly clock: Pick<Clock, "now">;
}

interface Asked {
  readonly id: string;
  readonly principal: Principal;
}

/** An upload of somebody's own; whatever else there may be is not there for them. */
export async function mine(
  uploads: UploadRights["uploads"],
  transaction: ReadTransaction,
  { id, principal }: Asked,
): Promise<ResumableUpload | Denial> {
  const upload = await uploads.find(transaction, id);
  return upload !== undefined && isOwn(upload, principal) ? upload : notThere();
}

/** Its owner alone may. */
export function ownerOnly(uploads: UploadRights["uploads"]): Authorise<{ readonly id: string }> {
  return async ({ input: { id }, principal, read }) => {
    const upload = await read((reading) => mine(uploads, reading, { id, principal }));
    return isDenial(upload) ? upload : true;
  };
}

/** Its owner may, while the grant holds under which it was begun. */
export function mayGoOn(parts: UploadRights): Authorise<{ readonly id: string }> {
  return ({ input: { id }, principal, read }) =>
    read(async (reading) => {
      const upload = await mine(parts.uploads, reading, { id, principal });
      if (isDenial(upload)) return upload;
      const grant = await grantOf(parts, reading, { principal, ...upload });
      return isDenial(grant) ? grant : true;
    });
}

/** The grant that lets somebody upload to a collection now: the same one under which the upload has begun. */
export async function grantOf(
  { grants, clock }: UploadRights,
  transaction: ReadTransaction,
  wanted: { readonly principal: Principal; readonly collection: string; readonly grant?: ResumableUpload["grant"] },
): Promise<MediaGrant | Denial> {
  const { principal, collection } = wanted;
  const grant = await grants.of(transaction, { principal, collection });
  const holds =
    grant !== undefined &&
    grant.scopes.has("upload") &&
    grant.tenant === principal.tenant &&
    grant.collection === collection &&
    (wanted.grant === undefined || wanted.grant.id === grant.id) &&
    (grant.expiresAt === undefined || grant.expiresAt > clock.now());
  return holds ? grant : refuse(uploadProblems.UPLOAD_NOT_GRANTED);
}
