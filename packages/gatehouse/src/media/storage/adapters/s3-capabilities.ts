import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  PutObjectCommand,
  type S3Client,
  S3ServiceException,
} from "@aws-sdk/client-s3";

/** What a service that speaks S3 can do, as found by trying. */
export interface S3Capabilities {
  /** It takes bodies in signed chunks with a checksum behind them, and stores what is in the chunks. */
  readonly trailingChecksums: boolean;
  /** It refuses a body that does not fit the checksum sent with it. */
  readonly verifiesChecksums: boolean;
  /** It refuses a body that does not fit the SHA-256 in the signature of its request. */
  readonly verifiesPayloadHash: boolean;
}

interface Probe {
  readonly client: S3Client;
  readonly Bucket: string;
  readonly Key: string;
}

const PROBE_BYTES = 70_000;
const WRONG_CRC32 = "AAAAAA==";

/**
 * Tries what a bucket can do, with an object that is deleted again.
 * @throws what the client throws, when the bucket cannot be used at all.
 */
export async function probeS3(probe: Probe): Promise<S3Capabilities> {
  const { client, Bucket } = probe;
  await client.send(new HeadBucketCommand({ Bucket }));
  const content = Buffer.alloc(PROBE_BYTES, "Gatehouse ");
  try {
    return {
      trailingChecksums: await storesStreams(probe, content),
      verifiesChecksums: await refuses(() => putWithWrongChecksum(probe, content)),
      verifiesPayloadHash: await refuses(() => putWithWrongHash(probe, content)),
    };
  } finally {
    await client.send(new DeleteObjectCommand({ Bucket, Key: probe.Key })).catch(() => undefined);
  }
}

/** Some services refuse such bodies, some store the frames of the chunks as if they were content. */
async function storesStreams({ client, Bucket, Key }: Probe, content: Buffer): Promise<boolean> {
  try {
    const Body = Readable.from([content.subarray(0, 1000), content.subarray(1000)]);
    await client.send(new PutObjectCommand({ Bucket, Key, Body, ContentLength: content.length }));
  } catch (error) {
    if (error instanceof S3ServiceException && (error.$metadata.httpStatusCode ?? 0) !== 403) return false;
    throw error;
  }
  const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }));
  return content.equals((await Body?.transformToByteArray()) ?? new Uint8Array());
}

async function putWithWrongChecksum({ client, Bucket, Key }: Probe, Body: Buffer): Promise<void> {
  await client.send(new PutObjectCommand({ Bucket, Key, Body, ChecksumCRC32: WRONG_CRC32 }));
}

async function putWithWrongHash({ client, Bucket, Key }: Probe, Body: Buffer): Promise<void> {
  const command = new PutObjectCommand({ Bucket, Key, Body });
  const wrong = createHash("sha256").update("something else").digest("hex");
  command.middlewareStack.add(
    (next) => (call) => {
      // The type of a request is `unknown` to middleware; what has headers takes one more.
      const request = call.request as { readonly headers: Record<string, string> };
      request.headers["x-amz-content-sha256"] = wrong;
      return next(call);
    },
    { step: "build", name: "wrongPayloadHash" },
  );
  await client.send(command);
}

async function refuses(put: () => Promise<void>): Promise<boolean> {
  try {
    await put();
    return false;
  } catch (error) {
    if (error instanceof S3ServiceException && error.$fault === "client") return true;
    throw error;
  }
}
