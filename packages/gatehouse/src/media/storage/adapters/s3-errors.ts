import { S3ServiceException } from "@aws-sdk/client-s3";
import { DamagedFileError, StorageTargetError, type StorageFault } from "../storage-error.ts";

const NAMES: ReadonlyMap<string, readonly [fault: StorageFault, hint: string]> = new Map([
  ["NoSuchBucket", ["failed", "has no such bucket: make it, or correct the name."]],
  ["InvalidAccessKeyId", ["refused", "does not know the access key."]],
  ["SignatureDoesNotMatch", ["refused", "does not accept the signature: is the secret key right, and the region?"]],
  ["RequestTimeTooSkewed", ["refused", "finds this machine's clock wrong."]],
  ["AccessDenied", ["refused", "does not allow this with these credentials."]],
  ["QuotaExceeded", ["full", "has no room left."]],
  ["InsufficientStorage", ["full", "has no room left."]],
  ["XAmzContentSHA256Mismatch", ["damaged", "received other bytes than were sent."]],
  ["BadDigest", ["damaged", "received other bytes than were sent."]],
]);
const STATUSES: ReadonlyMap<number, readonly [fault: StorageFault, hint: string]> = new Map([
  [401, ["refused", "does not accept the credentials."]],
  [403, ["refused", "does not allow this with these credentials."]],
  [507, ["full", "has no room left."]],
]);

/** What an S3 client threw, in words of storage targets. What was not the target's doing stays as it is. */
export function s3Error(target: string, cause: unknown): unknown {
  if (cause instanceof StorageTargetError || cause instanceof DamagedFileError) return cause;
  if (cause instanceof Error && cause.name === "AbortError") return cause;
  if (!(cause instanceof S3ServiceException)) return unanswered(target, cause);
  const status = cause.$metadata.httpStatusCode ?? 0;
  const [fault, message] = NAMES.get(cause.name) ?? STATUSES.get(status) ?? other(status, cause);
  return new StorageTargetError(target, fault, { message, cause });
}

/** Whether there is no such object. */
export function isMissingObject(cause: unknown): boolean {
  if (!(cause instanceof S3ServiceException)) return false;
  return cause.name === "NoSuchKey" || cause.name === "NotFound";
}

function other(status: number, { name, message }: Error): readonly [StorageFault, string] {
  const answer = `answered ${status} ${name}: ${message}`;
  return status >= 500 || status === 429 ? ["unavailable", answer] : ["failed", answer];
}

function unanswered(target: string, cause: unknown): unknown {
  if (!(cause instanceof Error)) return cause;
  if (!("code" in cause) && cause.name !== "TimeoutError" && cause.name !== "CredentialsProviderError") return cause;
  if (cause.name === "CredentialsProviderError") {
    return new StorageTargetError(target, "refused", { message: "cannot be asked: no credentials were found.", cause });
  }
  return new StorageTargetError(target, "unavailable", { message: `does not answer: ${cause.message}`, cause });
}
