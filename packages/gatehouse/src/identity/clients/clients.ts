import type { Ids } from "../../kernel/ids.ts";
import type { KeyRing } from "../../kernel/key-ring.ts";
import type { OAuthArtifacts } from "../../kernel/ports/oauth-artifacts.ts";
import type { OAuthClients } from "../../kernel/ports/oauth-clients.ts";
import type { Random } from "../../kernel/random.ts";
import type { Sealer } from "../../kernel/seal.ts";
import type { ClientSource } from "../engine/client-source.ts";
import { ClientCodec } from "./client-codec.ts";
import { ClientRegistry } from "./client-registry.ts";
import { ClientSecrets } from "./client-secrets.ts";
import type { StaticClient } from "./client-settings.ts";
import { EngineClients } from "./engine-clients.ts";
import { StaticClients } from "./static-clients.ts";

/** What clients are made from. */
export interface ClientServicesParts {
  readonly clients: OAuthClients;
  readonly artifacts: Pick<OAuthArtifacts, "revoke">;
  readonly keyRing: KeyRing;
  readonly sealer: Sealer;
  readonly ids: Ids;
  readonly random: Random;
  /** Whether redirect addresses have to be those of a public server. */
  readonly production: boolean;
  /** Clients of the configuration. */
  readonly configured?: readonly StaticClient[];
}

/** Everything there is to do with clients. */
export interface ClientServices {
  /** For operators. */
  readonly registry: ClientRegistry;
  /** For the engine. */
  readonly source: ClientSource;
}

/**
 * Puts the clients of an identity provider together.
 * @throws {BootRefusedError} when a client of the configuration is unsafe or cannot work.
 */
export function createClientServices(parts: ClientServicesParts): ClientServices {
  const { production, configured = [] } = parts;
  const codec = new ClientCodec(parts);
  const secrets = new ClientSecrets({ ...parts, codec });
  const shared = { ...parts, codec, secrets, statics: new StaticClients(configured, production) };
  return { registry: new ClientRegistry(shared), source: new EngineClients(shared) };
}
