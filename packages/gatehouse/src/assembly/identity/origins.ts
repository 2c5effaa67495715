import { browserOrigin } from "../../http/browser-origin.ts";
import type { Config } from "../../kernel/config.ts";

/** Where browsers reach the server. */
export interface OwnOrigin {
  /** The public address where one is configured; else where the server listens, once it does. */
  readonly origin: () => string;
  /** Says where the server listens. */
  readonly listensAt: (origin: string) => void;
}

/** The origin of a server, which is known for sure once it listens. */
export function createOwnOrigin({ server }: Config): OwnOrigin {
  const { publicUrl, tls, host, port } = server;
  const encrypted = tls.development || tls.certificate !== undefined;
  let own = publicUrl ?? browserOrigin(`${encrypted ? "https" : "http"}://${host}:${port}`);
  return {
    origin: () => own,
    listensAt(origin) {
      own = publicUrl ?? origin;
    },
  };
}

/** The issuer's origin of a tenant, where tenants have origins of their own. */
export function tenantOrigins(
  { identity }: Config,
  issuerOf: ((tenant: string) => string) | undefined,
): ((tenant: string) => string) | undefined {
  const { enabled, origin } = identity;
  if (!enabled) return undefined;
  if (issuerOf !== undefined) return issuerOf;
  return origin === undefined ? undefined : (tenant) => origin.replace("{tenant}", tenant);
}
