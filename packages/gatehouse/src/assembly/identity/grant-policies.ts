import { createGrantPolicy, type GrantPolicy, type GrantPolicyOptions } from "../../identity/grants/policy.ts";
import type { Config } from "../../kernel/config.ts";

/** What the refresh tokens of each client may do when they are used from elsewhere, as configured. */
export function grantPolicies({ identity }: Config): (client: string) => GrantPolicy {
  const { clients, ipv4Prefix: ipv4, ipv6Prefix: ipv6, ...everybody } = identity.moves;
  const policyOf = (options: GrantPolicyOptions): GrantPolicy => createGrantPolicy(options, { ipv4, ipv6 });
  const own = new Map(
    clients.map(({ client, ...differences }) => [client, policyOf({ ...everybody, ...differences })]),
  );
  const others = policyOf(everybody);
  return (client) => own.get(client) ?? others;
}
