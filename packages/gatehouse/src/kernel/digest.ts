import { hash } from "node:crypto";
import { canonicalJson } from "./codec.ts";

/** SHA-256 over the canonical JSON of a value (RFC 8785), base64url. */
export function jsonDigest(value: unknown): string {
  return hash("sha256", canonicalJson(value), "base64url");
}
