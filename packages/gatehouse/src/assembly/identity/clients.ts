import { OPERATOR_ENTRANCES, operatorsOnly } from "../../console/operator.ts";
import { createClientServices, type ClientServices } from "../../identity/clients/clients.ts";
import type { ProtectedResource } from "../../identity/engine/configuration.ts";
import type { OAuthArtifacts } from "../../kernel/ports/oauth-artifacts.ts";
import { createOAuthClients } from "../../store/sql/identity/oauth-clients.ts";
import type { Ports } from "../application.ts";

/** What clients need besides the services. */
export interface OpenClientsParts {
  readonly artifacts: OAuthArtifacts;
  readonly resources: readonly ProtectedResource[];
}

/** What may be fetched in development besides what is public. */
const LOOPBACK = ["127.0.0.0/8", "::1/128"];

/** The clients of the identity provider, as configured. */
export function openClients(services: Ports, parts: OpenClientsParts): ClientServices {
  const { config } = services;
  const { clients: configured, clientRegistration, clientDocuments, publicClients } = config.identity;
  const { access: registration, redirectHosts, unusedAfter, ...policy } = clientRegistration;
  const development = config.profile === "development";
  return createClientServices({
    ...{ ...services, ...parts, operatorsOnly, configured, registration, unusedAfter },
    clients: createOAuthClients(),
    entrances: OPERATOR_ENTRANCES,
    policy: { ...policy, publicClients, redirectHosts: hostsOf(redirectHosts) },
    metadataDocuments: { hosts: hostsOf(clientDocuments.hosts) },
    fetchOwn: (ip) => services.backChannel.fetchFor(ip === undefined ? undefined : { ip }),
    outbound: { reachable: development ? LOOPBACK : [] },
    origins: config.cors.origins.filter((origin) => origin !== "*"),
    production: !development,
  });
}

function hostsOf(hosts: readonly string[]): readonly string[] | "*" {
  return hosts.includes("*") ? "*" : hosts;
}
