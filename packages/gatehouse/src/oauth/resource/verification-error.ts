import { errors } from "jose";

/**
 * Whether a failed verification says that the signed text is wrong, or its key is none. Of keys that only look like keys
 * the cryptography of the machine complains in errors of its own.
 */
export function isVerificationError(error: unknown): boolean {
  return error instanceof errors.JOSEError || isKeyError(error);
}

/** Whether a key could not be used at all. */
export function isKeyError(error: unknown): boolean {
  return error instanceof DOMException || error instanceof TypeError;
}
