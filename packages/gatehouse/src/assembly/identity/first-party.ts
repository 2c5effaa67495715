import type { OwnClients } from "../../identity/clients/own-clients.ts";
import type { Config } from "../../kernel/config.ts";

/** Tells which clients of a tenant are the operator's own: configured as such, or in the process. */
export function firstParties(
  { identity }: Config,
  inProcess: Pick<OwnClients, "has">,
): (tenant: string, id: string) => boolean {
  const own = identity.clients.filter(({ firstParty }) => firstParty === true);
  return (tenant, id) =>
    inProcess.has(id) || own.some((client) => client.id === id && (client.tenant ?? tenant) === tenant);
}
