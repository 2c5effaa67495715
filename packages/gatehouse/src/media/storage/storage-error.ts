/** What came was not what had been announced. Nothing of it was kept. */
export class DamagedFileError extends Error {
  override readonly name = "DamagedFileError";
}

/** Why a storage target did not do what it was asked. */
export type StorageFault =
  /** It does not answer, or not in time. */
  | "unavailable"
  /** It has no room. */
  | "full"
  /** It does not accept our credentials, or does not let them do this. */
  | "refused"
  /** It gave or got other bytes than were announced. */
  | "damaged"
  /** Anything else. */
  | "failed";

/** A storage target did not do what it was asked; the message says what to look at. */
export class StorageTargetError extends Error {
  override readonly name = "StorageTargetError";
  readonly target: string;
  readonly fault: StorageFault;
  constructor(target: string, fault: StorageFault, options: ErrorOptions & { readonly message: string }) {
    super(`The storage target "${target}" ${options.message}`, options);
    this.target = target;
    this.fault = fault;
  }
}

const FAULTS: ReadonlyMap<string, StorageFault> = new Map<string, StorageFault>([
  ...["ENOSPC", "EDQUOT", "EFBIG"].map((code) => [code, "full"] as const),
  ...["EACCES", "EPERM", "EROFS"].map((code) => [code, "refused"] as const),
  ...["EIO", "ENXIO", "ESTALE", "ETIMEDOUT", "ECONNREFUSED", "ECONNRESET"].map(
    (code) => [code, "unavailable"] as const,
  ),
]);

/** Sorts what a target threw. */
export function storageFaultOf(error: unknown): StorageFault {
  if (error instanceof StorageTargetError) return error.fault;
  if (error instanceof DamagedFileError) return "damaged";
  if (error instanceof Error && "code" in error) return FAULTS.get(String(error.code)) ?? "failed";
  return "failed";
}
