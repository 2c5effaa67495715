import { isIP } from "node:net";
import type { ConnectionOptions } from "node:tls";

/** Whether a host name or address stays on this machine; a path is a Unix socket. */
export function isLocalHost(host: string): boolean {
  if (host === "" || host === "localhost" || host.startsWith("/")) return true;
  return isIP(host) === 4 ? host.startsWith("127.") : host === "::1";
}

/** Certificates for a connection to a store, all as PEM text. */
export interface Certificates {
  /** Authorities the server's certificate must chain to; the system's when absent. */
  readonly ca?: string;
  /** Certificate this side presents, where the server asks for one. */
  readonly certificate?: string;
  /** Private key of `certificate`. */
  readonly key?: string;
}

/** TLS options that verify the server's certificate chain and its name. There is no way to turn either off. */
export function verifiedTls(host: string, certificates: Certificates): ConnectionOptions {
  return {
    minVersion: "TLSv1.2",
    rejectUnauthorized: true,
    // A server name that is an address may not be sent (RFC 6066 section 3); it is still verified.
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(certificates.ca === undefined ? {} : { ca: certificates.ca }),
    ...(certificates.certificate === undefined ? {} : { cert: certificates.certificate }),
    ...(certificates.key === undefined ? {} : { key: certificates.key }),
  };
}
