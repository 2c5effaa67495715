import { X509Certificate } from "node:crypto";
import { chmod, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { isIP } from "node:net";
import { join } from "node:path";
import { generate } from "selfsigned";
import type { Clock } from "../kernel/clock.ts";

/** A certificate with its key, both PEM. */
export interface Certificate {
  readonly certificate: string;
  readonly key: string;
}

const DAY = 86_400_000;
const LIFETIME = 90 * DAY;
const RENEW_BEFORE = 7 * DAY;
const LOOPBACK = ["localhost", "127.0.0.1", "::1"];

/**
 * A certificate for development, signed by itself: browsers warn once and are right to. It is kept in
 * `directory` (key readable by the owner alone) and renewed a week before its 90 days are over, or when
 * `names` asks for a host it does not cover.
 */
export async function developmentCertificate(options: {
  readonly directory: string;
  readonly clock: Clock;
  /** Host names and addresses besides those of this machine's loopback. */
  readonly names?: readonly string[];
}): Promise<Certificate> {
  const { directory, clock, names = [] } = options;
  const wanted = [...new Set([...LOOPBACK, ...names])];
  const files = { certificate: join(directory, "development-cert.pem"), key: join(directory, "development-key.pem") };
  const kept = await readKept(files);
  if (kept !== undefined && isUsable(kept, wanted, clock.now())) return kept;
  const made = await make(wanted, clock.now());
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await replaceFile(files.key, made.key);
  await replaceFile(files.certificate, made.certificate);
  return made;
}

async function readKept(files: Certificate): Promise<Certificate | undefined> {
  try {
    const [certificate, key] = await Promise.all([readFile(files.certificate, "utf8"), readFile(files.key, "utf8")]);
    return { certificate, key };
  } catch {
    return undefined;
  }
}

function isUsable({ certificate }: Certificate, names: readonly string[], now: number): boolean {
  try {
    const parsed = new X509Certificate(certificate);
    const lasts = Date.parse(parsed.validTo) - RENEW_BEFORE > now && Date.parse(parsed.validFrom) <= now;
    return (
      lasts && names.every((name) => (isIP(name) === 0 ? parsed.checkHost(name) : parsed.checkIP(name)) !== undefined)
    );
  } catch {
    return false;
  }
}

async function make(names: readonly string[], now: number): Promise<Certificate> {
  const altNames = names.map((name) =>
    isIP(name) === 0 ? ({ type: 2, value: name } as const) : ({ type: 7, ip: name } as const),
  );
  const made = await generate([{ name: "commonName", value: "Gatehouse development" }], {
    keyType: "ec",
    curve: "P-256",
    algorithm: "sha256",
    notBeforeDate: new Date(now - DAY),
    notAfterDate: new Date(now + LIFETIME),
    extensions: [
      { name: "basicConstraints", cA: false, critical: true },
      { name: "keyUsage", digitalSignature: true, critical: true },
      { name: "extKeyUsage", serverAuth: true },
      { name: "subjectAltName", altNames },
    ],
  });
  return { certificate: made.cert, key: made.private };
}

async function replaceFile(path: string, text: string): Promise<void> {
  const fresh = `${path}.new`;
  await writeFile(fresh, text, { mode: 0o600 });
  await chmod(fresh, 0o600);
  await rename(fresh, path);
}
