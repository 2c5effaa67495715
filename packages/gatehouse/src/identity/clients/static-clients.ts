import { BootRefusedError } from "../../kernel/gate.ts";
import type { ClientKey } from "../../kernel/ports/oauth-clients.ts";
import { clientFaults, metadataOf, type StaticClient } from "./client-settings.ts";
import type { KnownClient } from "./known-client.ts";
import type { OwnClients } from "./own-clients.ts";

/** What clients are told apart by, and those in the process. */
export interface StaticClientsParts {
  /** Whether addresses have to be those of a public server. */
  readonly production: boolean;
  readonly own: OwnClients;
}

/**
 * The clients that no operator has made: those of the configuration, and those in the process; by tenant and id.
 * @throws {BootRefusedError} when one of them is unsafe or cannot work.
 */
export class StaticClients {
  readonly #known: readonly KnownClient[];
  readonly #own: OwnClients;

  constructor(clients: readonly StaticClient[], { production, own }: StaticClientsParts) {
    this.#own = own;
    own.reserve(clients.map(({ id }) => id));
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
    return this.#own.find(tenant, id) ?? this.of(tenant).find((client) => client.id === id);
  }

  /** Those of the configuration: about those in the process there is nothing to decide. */
  of(tenant: string): readonly KnownClient[] {
    return this.#known.filter((client) => client.tenant === undefined || client.tenant === tenant);
  }
}

function withAuthentication(client: StaticClient): StaticClient {
  const implied = client.secret === undefined && client.jwks === undefined && client.jwksUri === undefined;
  return client.authentication === undefined && implied ? { ...client, authentication: "none" } : client;
}
