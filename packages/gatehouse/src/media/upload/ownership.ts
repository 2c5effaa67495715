import type { Principal } from "../../kernel/attempt.ts";
import type { ResumableUpload } from "../../kernel/ports/resumable-uploads.ts";

/** Whether an upload is a principal's. */
export function isOwn({ tenant, owner }: ResumableUpload, principal: Principal): boolean {
  return tenant === principal.tenant && owner.type === principal.type && owner.id === principal.id;
}
