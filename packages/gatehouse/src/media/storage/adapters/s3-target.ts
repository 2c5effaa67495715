import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import {
  AbortMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  S3Client,
  type S3ClientConfig,
} from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import type {
  ByteRange,
  NewFile,
  StorageCapacity,
  StorageTarget,
  StoredFile,
} from "../../../kernel/ports/storage-target.ts";
import type { Random } from "../../../kernel/random.ts";
import { DamagedFileError } from "../storage-error.ts";
import { assertStorageKey } from "../storage-key.ts";
import { probeS3, type S3Capabilities } from "./s3-capabilities.ts";
import { isMissingObject, s3Error } from "./s3-errors.ts";

/** A bucket, and how to get at it. */
export interface S3TargetOptions {
  readonly name: string;
  readonly bucket: string;
  readonly region: string;
  /** For services other than Amazon's: the origin they answer at. */
  readonly endpoint?: string;
  /** Put before every key, such as `photos/`. Default: nothing. */
  readonly prefix?: string;
  /** Default: where the AWS SDK looks for them, such as the role of the machine. */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** The bucket in the path instead of the host name. Default: where `endpoint` is given. */
  readonly pathStyle?: boolean;
  /** Milliseconds without a sign of life before a request is given up. Default 30 000. */
  readonly patience?: number;
  readonly random: Random;
}

/** Files in a bucket. */
export interface S3Target extends StorageTarget, Disposable {
  readonly capabilities: S3Capabilities;
}

type Found = StoredFile & { readonly body: ReadableStream<Uint8Array> };

const MEBIBYTE = 1_048_576;
/** Larger files go in parts of this size. S3 takes 10,000 parts: 78 GiB. */
const PART_BYTES = 8 * MEBIBYTE;
const PARTS_AT_ONCE = 2;
const PATIENCE = 30_000;
const CONNECT_PATIENCE = 5000;
const ATTEMPTS = 3;
const NAME_BYTES = 12;

/**
 * Opens a bucket of a service that speaks S3, and finds out what the service can do.
 * @throws {StorageTargetError} when the bucket cannot be used.
 */
export async function openS3Target(options: S3TargetOptions): Promise<S3Target> {
  const { name, bucket, prefix = "", random } = options;
  const Key = `${prefix}gatehouse-probe/${Buffer.from(random.bytes(NAME_BYTES)).toString("hex")}`;
  const settings = settingsOf(options);
  const client = new S3Client(settings);
  try {
    const capabilities = await probeS3({ client, Bucket: bucket, Key });
    if (capabilities.trailingChecksums) return new BucketTarget(options, client, capabilities);
    client.destroy();
    return new BucketTarget(options, new S3Client({ ...settings, ...WITHOUT_CHECKSUMS }), capabilities);
  } catch (error) {
    client.destroy();
    throw s3Error(name, error);
  }
}

const WITHOUT_CHECKSUMS = {
  requestChecksumCalculation: "WHEN_REQUIRED",
  responseChecksumValidation: "WHEN_REQUIRED",
} satisfies S3ClientConfig;

/** What goes wrong is thrown; a library does not write to the console. */
const SILENT = { trace: ignore, debug: ignore, info: ignore, warn: ignore, error: ignore };

function ignore(): void {
  return undefined;
}

function settingsOf({
  region,
  endpoint,
  credentials,
  pathStyle,
  patience = PATIENCE,
}: S3TargetOptions): S3ClientConfig {
  return {
    region,
    forcePathStyle: pathStyle ?? endpoint !== undefined,
    maxAttempts: ATTEMPTS,
    logger: SILENT,
    requestHandler: {
      connectionTimeout: Math.min(CONNECT_PATIENCE, patience),
      socketTimeout: patience,
      requestTimeout: patience,
      throwOnRequestTimeout: true,
    },
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(credentials === undefined ? {} : { credentials }),
  };
}

class BucketTarget implements S3Target {
  readonly name: string;
  readonly capabilities: S3Capabilities;
  readonly #client: S3Client;
  readonly #bucket: string;
  readonly #prefix: string;

  constructor({ name, bucket, prefix = "" }: S3TargetOptions, client: S3Client, capabilities: S3Capabilities) {
    this.name = name;
    this.capabilities = capabilities;
    this.#client = client;
    this.#bucket = bucket;
    this.#prefix = prefix;
  }

  /** Every part is signed with its SHA-256. Services that do not look at it are asked to give the file back. */
  async put(key: string, file: NewFile): Promise<void> {
    const place = this.#placeOf(key);
    file.signal?.throwIfAborted();
    const upload = new Upload({
      client: this.#client,
      params: {
        ...place,
        Body: Readable.from(verified(file)),
        ContentType: file.type,
        Metadata: { sha256: file.sha256 },
      },
      partSize: PART_BYTES,
      queueSize: PARTS_AT_ONCE,
    });
    const abort = (): void => void upload.abort();
    file.signal?.addEventListener("abort", abort);
    try {
      await upload.done();
      if (!this.capabilities.verifiesPayloadHash) await this.#readBack(key, file);
    } catch (error) {
      file.signal?.throwIfAborted();
      throw s3Error(this.name, error);
    } finally {
      file.signal?.removeEventListener("abort", abort);
    }
  }

  async get(key: string, range?: ByteRange): Promise<Found | undefined> {
    const place = this.#placeOf(key);
    if (range !== undefined && range.end <= range.start) return this.#nothingOf(key);
    const Range = range === undefined ? undefined : `bytes=${range.start}-${range.end - 1}`;
    try {
      const answer = await this.#client.send(new GetObjectCommand({ ...place, Range }));
      if (answer.Body === undefined) return undefined;
      const bytes = Number(answer.ContentRange?.split("/")[1] ?? answer.ContentLength);
      // The SDK's type leaves open what the stream is of: it is of the bytes of the body.
      const body = answer.Body.transformToWebStream() as ReadableStream<Uint8Array>;
      return { bytes, sha256: answer.Metadata?.["sha256"], body };
    } catch (error) {
      if (isMissingObject(error)) return undefined;
      if (error instanceof Error && error.name === "InvalidRange") return this.#nothingOf(key);
      throw s3Error(this.name, error);
    }
  }

  async head(key: string): Promise<StoredFile | undefined> {
    const place = this.#placeOf(key);
    try {
      const { ContentLength = 0, Metadata } = await this.#client.send(new HeadObjectCommand(place));
      return { bytes: ContentLength, sha256: Metadata?.["sha256"] };
    } catch (error) {
      if (isMissingObject(error)) return undefined;
      throw s3Error(this.name, error);
    }
  }

  async delete(key: string): Promise<void> {
    try {
      await this.#client.send(new DeleteObjectCommand(this.#placeOf(key)));
    } catch (error) {
      if (!isMissingObject(error)) throw s3Error(this.name, error);
    }
  }

  async list(prefix: string, after?: string): Promise<readonly string[]> {
    const start = after === undefined || after === "" ? {} : { StartAfter: this.#prefix + after };
    try {
      const { Contents = [] } = await this.#client.send(
        new ListObjectsV2Command({ Bucket: this.#bucket, Prefix: this.#prefix + prefix, ...start }),
      );
      return Contents.map(({ Key = "" }) => Key.slice(this.#prefix.length));
    } catch (error) {
      throw s3Error(this.name, error);
    }
  }

  async removeUnfinished(before: number): Promise<number> {
    const Bucket = this.#bucket;
    try {
      const { Uploads = [] } = await this.#client.send(
        new ListMultipartUploadsCommand({ Bucket, Prefix: this.#prefix }),
      );
      const old = Uploads.filter(({ Initiated }) => Initiated !== undefined && Initiated.getTime() < before);
      for (const { Key, UploadId } of old) {
        await this.#client.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }));
      }
      return old.length;
    } catch (error) {
      throw s3Error(this.name, error);
    }
  }

  /** Buckets grow as they like; a quota is the health check's business. */
  capacity(): Promise<StorageCapacity | undefined> {
    return Promise.resolve(undefined);
  }

  [Symbol.dispose](): void {
    this.#client.destroy();
  }

  #placeOf(key: string): { readonly Bucket: string; readonly Key: string } {
    assertStorageKey(key);
    return { Bucket: this.#bucket, Key: this.#prefix + key };
  }

  /** No part of a file, which S3 has no range for. */
  async #nothingOf(key: string): Promise<Found | undefined> {
    const found = await this.head(key);
    return found === undefined ? undefined : { ...found, body: new Blob([]).stream() };
  }

  async #readBack(key: string, { sha256 }: NewFile): Promise<void> {
    const hash = createHash("sha256");
    const found = await this.get(key);
    for await (const chunk of found?.body ?? []) hash.update(chunk);
    const digest = hash.digest("hex");
    if (found !== undefined && digest === sha256) return;
    await this.delete(key);
    throw new DamagedFileError(`What was read back has the SHA-256 ${digest} instead of ${sha256}.`);
  }
}

/** The body, which ends with an error where it is not what was announced: nothing is stored then. */
async function* verified({ body, bytes, sha256, signal }: NewFile): AsyncGenerator<Uint8Array> {
  const hash = createHash("sha256");
  let came = 0;
  for await (const chunk of body) {
    signal?.throwIfAborted();
    came += chunk.length;
    if (came > bytes) throw new DamagedFileError(`More than the ${bytes} announced bytes came.`);
    hash.update(chunk);
    yield chunk;
  }
  if (came !== bytes) throw new DamagedFileError(`${came} bytes came instead of ${bytes}.`);
  const digest = hash.digest("hex");
  if (digest !== sha256) throw new DamagedFileError(`What came has the SHA-256 ${digest} instead of ${sha256}.`);
}
