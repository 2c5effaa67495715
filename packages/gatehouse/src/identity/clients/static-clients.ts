import { SINGLE_TENANT } from "../../kernel/attempt.ts";
import { BootRefusedError } from "../../kernel/gate.ts";
import type { ClientKey } from "../../kernel/ports/oauth-clients.ts";
import { clientFaults, metadataOf, type ClientMetadata, type StaticClient } from "./client-settings.ts";

/** A client of the configuration, as it is known to the engine. */
export interface KnownClient extends ClientKey {
  readonly metadata: ClientMetadata;
  readonly secret: string | undefined;
}

/**
 * The clients of the configuration, by tenant and id.
 * @throws {BootRefusedError} when one of them is unsafe or cannot work.
 */
export class StaticClients {
  readonly #known = new Map<string, KnownClient>();

  constructor(clients: readonly StaticClient[], production: boolean) {
    const reasons = clients.flatMap((client) =>
      clientFaults(withAuthentication(client), production).map(
        ({ pointer, message }) => `identity.clients, ${client.id}${pointer}: ${message}`,
      ),
    );
    if (reasons.length > 0) throw new BootRefusedError(reasons);
    for (const client of clients) {
      const { id, tenant = SINGLE_TENANT, secret } = client;
      const metadata = metadataOf(withAuthentication(client));
      this.#known.set(nameOf({ tenant, id }), { tenant, id, secret, metadata });
    }
  }

  find(key: ClientKey): KnownClient | undefined {
    return this.#known.get(nameOf(key));
  }

  of(tenant: string): readonly KnownClient[] {
    return [...this.#known.values()].filter((client) => client.tenant === tenant);
  }
}

function withAuthentication(client: StaticClient): StaticClient {
  const implied = client.secret === undefined && client.jwks === undefined && client.jwksUri === undefined;
  return client.authentication === undefined && implied ? { ...client, authentication: "none" } : client;
}

function nameOf({ tenant, id }: ClientKey): string {
  return JSON.stringify([tenant, id]);
}
