import type { Configuration, KoaContextWithOIDC } from "oidc-provider";

type Grant = Awaited<ReturnType<NonNullable<Configuration["loadExistingGrant"]>>>;

/**
 * What somebody has allowed a client before. A client of the operator's own is allowed what it asks for without a
 * question: the operator answers for it.
 */
export function existingGrant(isFirstParty: (client: string) => boolean): Configuration["loadExistingGrant"] {
  return async (context) => {
    const { oidc } = context;
    const { provider, client, session, result } = oidc;
    if (client === undefined || session === undefined) return undefined;
    const id = result?.consent?.grantId ?? session.grantIdFor(client.clientId);
    const known = id === undefined ? undefined : await provider.Grant.find(id);
    return isFirstParty(client.clientId) ? allowAll(context, known) : known;
  };
}

async function allowAll({ oidc }: KoaContextWithOIDC, known: Grant): Promise<Grant> {
  const { provider, account, client, requestParamOIDCScopes, requestParamScopes, resourceServers = {} } = oidc;
  const grant = known ?? new provider.Grant({ accountId: account?.accountId, clientId: client?.clientId });
  grant.addOIDCScope([...requestParamOIDCScopes].join(" "));
  grant.addOIDCClaims([...oidc.requestParamClaims]);
  for (const [resource, { scopes }] of Object.entries(resourceServers)) {
    grant.addResourceScope(resource, [...requestParamScopes].filter((scope) => scopes.has(scope)).join(" "));
  }
  await grant.save();
  return grant;
}
