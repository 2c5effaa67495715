import { createHmac } from "node:crypto";
import { constantTimeEqual, fromBase64, utf8 } from "../kernel/codec.ts";
import type { Genuine, SignatureFault, SignatureVerifier, SignedMessage } from "./signature.ts";

/** Whose messages to accept, and how fresh they must be. */
export interface StandardWebhooksOptions {
  /**
   * Secrets of 24 to 64 bytes as `whsec_` and base64, or base64 alone. Several are accepted during a
   * rotation. A function is asked for every message, with the attempt's tenant at hand.
   */
  readonly secrets: readonly string[] | ((message: SignedMessage) => Promise<readonly string[]>);
  /** Seconds a message's time may lie before or after ours. Default 300. */
  readonly tolerance?: number;
  /** Name of the sender: who the attempt is made by, in limits, rules and the audit trail. Default: a stranger. */
  readonly sender?: string;
}

const PREFIX = "whsec_";
const SCHEME = "standard-webhooks";
const DEFAULT_TOLERANCE = 300;
const LEAST_SECRET_BYTES = 24;
const MOST_SECRET_BYTES = 64;
const MOST_SIGNATURES = 16;
const SIGNATURE_BYTES = 32;
const TIMESTAMP = /^[1-9][0-9]{0,11}$/;
const MESSAGE_ID = /^[\x21-\x2d\x2f-\x7e]{1,255}$/;

/**
 * Verifies the symmetric scheme of the Standard Webhooks specification: HMAC-SHA-256 over
 * `id.timestamp.body` in the headers `webhook-id`, `webhook-timestamp` (epoch seconds) and
 * `webhook-signature` (`v1,` and base64, several separated by spaces). Within the tolerance a message
 * can be sent again; `webhook-id` is its idempotency key, so that it counts once.
 * @throws {TypeError} when a fixed secret is malformed. One from a function fails the attempt.
 */
export function createStandardWebhooksVerifier(options: StandardWebhooksOptions): SignatureVerifier {
  const { secrets, tolerance = DEFAULT_TOLERANCE, sender } = options;
  const rules = { tolerance, vouched: sender === undefined ? {} : { sender } };
  if (typeof secrets === "function") {
    return {
      scheme: SCHEME,
      verify: async (message) => verify(message, (await secrets(message)).map(parseSecret), rules),
    };
  }
  if (secrets.length === 0) throw new TypeError("A webhook verifier needs at least one secret.");
  const keys = secrets.map(parseSecret);
  return { scheme: SCHEME, verify: (message) => verify(message, keys, rules) };
}

/** The bytes of a webhook secret. The error does not repeat it. */
function parseSecret(text: string): Uint8Array {
  const bytes = fromBase64(text.startsWith(PREFIX) ? text.slice(PREFIX.length) : text);
  if (bytes === undefined || bytes.length < LEAST_SECRET_BYTES || bytes.length > MOST_SECRET_BYTES) {
    throw new TypeError("A webhook secret is 24 to 64 bytes in base64, with or without the prefix whsec_.");
  }
  return bytes;
}

interface Rules {
  /** Seconds. */
  readonly tolerance: number;
  readonly vouched: Genuine;
}

function verify(message: SignedMessage, keys: readonly Uint8Array[], rules: Rules): Genuine | SignatureFault {
  const { headers, body, attempt } = message;
  const id = headers["webhook-id"];
  const timestamp = headers["webhook-timestamp"];
  const signature = headers["webhook-signature"];
  if (id === undefined || timestamp === undefined || signature === undefined) return "missing";
  // A dot in the identifier would let bytes move between identifier, time and body.
  if (!MESSAGE_ID.test(id) || !TIMESTAMP.test(timestamp)) return "malformed";
  const received = parseSignatures(signature);
  if (received === undefined) return "malformed";
  if (!matchesAny(received, keys, [utf8(`${id}.${timestamp}.`), body])) return "mismatch";
  const stale = staleness(Number(timestamp) * 1000 - attempt.receivedAt, rules.tolerance * 1000);
  return stale ?? { ...rules.vouched, messageId: id };
}

/** The v1 signatures of the header; other versions are passed over, as the specification asks. */
function parseSignatures(header: string): readonly Uint8Array[] | undefined {
  const entries = header.split(" ");
  if (entries.length > MOST_SIGNATURES) return undefined;
  const signatures: Uint8Array[] = [];
  for (const entry of entries) {
    if (!entry.startsWith("v1,")) continue;
    const bytes = fromBase64(entry.slice("v1,".length));
    if (bytes?.length !== SIGNATURE_BYTES) return undefined;
    signatures.push(bytes);
  }
  return signatures.length === 0 ? undefined : signatures;
}

function matchesAny(
  received: readonly Uint8Array[],
  keys: readonly Uint8Array[],
  content: readonly Uint8Array[],
): boolean {
  let matches = false;
  for (const key of keys) {
    const hmac = createHmac("sha256", key);
    for (const part of content) hmac.update(part);
    const expected = hmac.digest();
    for (const signature of received) matches = constantTimeEqual(signature, expected) || matches;
  }
  return matches;
}

function staleness(ahead: number, tolerance: number): SignatureFault | undefined {
  if (ahead > tolerance) return "too-new";
  return -ahead > tolerance ? "too-old" : undefined;
}
