export { openS3Target, type S3Target, type S3TargetOptions } from "./media/storage/adapters/s3-target.ts";
export type { S3Capabilities } from "./media/storage/adapters/s3-capabilities.ts";
export type { ByteRange, NewFile, StorageCapacity, StorageTarget, StoredFile } from "./kernel/ports/storage-target.ts";
