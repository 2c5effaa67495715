import { BootRefusedError } from "../../kernel/gate.ts";
import { metadataOf } from "./client-settings.ts";
import type { KnownClient } from "./known-client.ts";

/** Addresses of an application in the server's own process. */
export interface OwnClientAddresses {
  /** Where people are sent back to. */
  readonly callbacks: readonly string[];
  /** Where people come out who have signed out. */
  readonly signedOut: readonly string[];
  /** Where it is told of sessions that have ended. */
  readonly logout: string;
}

/** A client that is an application in the server's own process. */
export interface OwnClient {
  readonly id: string;
  /** What people see. */
  readonly name: string;
  readonly secret: string;
  /** Asked each time: where the server listens may be known late. */
  readonly addressesOf: (tenant: string) => OwnClientAddresses;
}

/** The applications in the server's own process, which sign people in as clients of all tenants. */
export class OwnClients {
  readonly #clients = new Map<string, OwnClient>();
  #configured: ReadonlySet<string> = new Set();

  /** Keeps the names of configured clients from applications in the process, which would take their place unnoticed. */
  reserve(configured: readonly string[]): void {
    this.#configured = new Set(configured);
  }

  /** @throws {BootRefusedError} when there is one by that name, in the process or in the configuration. */
  add(client: OwnClient): void {
    if (this.#clients.has(client.id)) throw new BootRefusedError([`There are two clients named ${client.id}.`]);
    if (this.#configured.has(client.id)) {
      throw new BootRefusedError([
        `identity.clients, ${client.id}: an application of this server is the client of that name; choose another id.`,
      ]);
    }
    this.#clients.set(client.id, client);
  }

  has(id: string): boolean {
    return this.#clients.has(id);
  }

  find(tenant: string, id: string): KnownClient | undefined {
    const client = this.#clients.get(id);
    return client === undefined ? undefined : knownAs(client, tenant);
  }

  /** Whether one of them is told of logouts at an address. */
  isToldAt(tenant: string, address: string): boolean {
    return [...this.#clients.values()].some(({ addressesOf }) => addressesOf(tenant).logout === address);
  }
}

function knownAs({ id, name, secret, addressesOf }: OwnClient, tenant: string): KnownClient {
  const { callbacks, signedOut, logout } = addressesOf(tenant);
  const metadata = metadataOf({
    name,
    grantTypes: ["authorization_code"],
    redirectUris: callbacks,
    postLogoutRedirectUris: signedOut,
    backchannelLogoutUri: logout,
  });
  // Signing out ends what began with this session at the issuer, and nothing in other browsers.
  return { id, tenant, secret, metadata: { ...metadata, backchannel_logout_session_required: true } };
}
