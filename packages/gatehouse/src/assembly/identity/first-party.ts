import type { Config } from "../../kernel/config.ts";

/** Tells which clients of a tenant are configured as the operator's own. */
export function firstParties({ identity }: Config): (tenant: string, id: string) => boolean {
  const own = identity.clients.filter(({ firstParty }) => firstParty === true);
  return (tenant, id) => own.some((client) => client.id === id && (client.tenant ?? tenant) === tenant);
}
