import type { Server } from "node:http";
import { Server as TlsServer } from "node:tls";
import { BootRefusedError } from "../../kernel/gate.ts";

/** What is known of the encryption of connections. */
export interface Encryption {
  /** Whether connections have to be encrypted: in production. */
  readonly required: boolean;
  /** Addresses that browsers use, such as `https://app.example`. */
  readonly origins: readonly string[];
  /** Whether there is a proxy that is trusted to encrypt, and to tell of it. */
  readonly trustsProxy: boolean;
}

/**
 * Refuses a server that would offer connections that everybody on the way can read.
 * @throws {BootRefusedError}
 */
export function requireEncryption(server: Server, { required, origins, trustsProxy }: Encryption): void {
  if (!required || server instanceof TlsServer) return;
  const isPublished = origins.length > 0 && origins.every((origin) => origin.startsWith("https://"));
  const reasons: string[] = [];
  if (!isPublished)
    reasons.push(
      "server.publicUrl: connections would not be encrypted; set it to the https:// address that browsers use.",
    );
  if (!trustsProxy)
    reasons.push("server.trustedProxies: nobody encrypts connections; name the proxy that does, or set server.tls.");
  if (reasons.length > 0) throw new BootRefusedError(reasons);
}
