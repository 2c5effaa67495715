import { BootRefusedError } from "../../kernel/gate.ts";
import type { ClientKey } from "../../kernel/ports/oauth-clients.ts";
import { clientFaults, metadataOf, type ClientMetadata, type StaticClient } from "./client-settings.ts";

/** A client of the configuration, as it is known to the engine. */
export interface KnownClient {
  readonly id: string;
  /** Absent: a client of all tenants. */
  readonly tenant: string | undefined;
  readonly metadata: ClientMetadata;
  readonly secret: string | undefined;
}

/**
 * The clients of the configuration, by tenant and id.
 * @throws {BootRefusedError} when one of them is unsafe or cannot work.
 */
export class StaticClients {
  readonly #known: readonly KnownClient[];

  constructor(clients: readonly StaticClient[], production: boolean) {
    const reasons = clients.flatMap((client) =>
      clientFaults(withAuthentication(client), production).map(
        ({ pointer, message }) => `identity.clients, ${client.id}${pointer}: ${message}`,
      ),
    );
    if (reasons.length > 0) throw new BootRefusedError(reasons);
    this.#known = clients.map((client) => {
      const { id, tenant, secret, name = id } = client;
      return { tenant, id, secret, metadata: metadataOf(withAuthentication({ ...client, name })) };
    });
  }

  find({ tenant, id }: ClientKey): KnownClient | undefined {
    return this.of(tenant).find((client) => client.id === id);
  }

  of(tenant: string): readonly KnownClient[] {
    return this.#known.filter((client) => client.tenant === undefined || client.tenant === tenant);
  }
}

function withAuthentication(client: StaticClient): StaticClient {
  const implied = client.secret === undefined && client.jwks === undefined && client.jwksUri === undefined;
  return client.authentication === undefined && implied ? { ...client, authentication: "none" } : client;
}
