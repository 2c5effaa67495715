import type { ClientMetadata, ResponseType } from "oidc-provider";
import type { Config } from "../../kernel/config.ts";

type ClientSetting = Config["identity"]["clients"][number];

/** The configured clients of a tenant, as the engine takes them. */
export function staticClients(clients: readonly ClientSetting[], tenant: string): readonly ClientMetadata[] {
  return clients.filter((client) => client.tenant === undefined || client.tenant === tenant).map(metadataOf);
}

/** Whether a client of a tenant is configured as one of the operator's own. */
export function isFirstParty(clients: readonly ClientSetting[], tenant: string, id: string): boolean {
  return clients.some(
    (client) => client.id === id && client.firstParty === true && (client.tenant ?? tenant) === tenant,
  );
}

function metadataOf({ id, secret, ...client }: ClientSetting): ClientMetadata {
  const { name, type = "web", redirectUris = [], postLogoutRedirectUris = [], backchannelLogoutUri, scope } = client;
  const usual = redirectUris.length > 0 ? ["authorization_code", "refresh_token"] : ["client_credentials"];
  const grants: readonly string[] = client.grantTypes ?? usual;
  const responses: ResponseType[] = grants.includes("authorization_code") ? ["code"] : [];
  return {
    client_id: id,
    ...(secret === undefined ? {} : { client_secret: secret }),
    token_endpoint_auth_method: secret === undefined ? "none" : "client_secret_basic",
    client_name: name ?? id,
    application_type: type,
    grant_types: [...grants],
    response_types: responses,
    redirect_uris: [...redirectUris],
    post_logout_redirect_uris: [...postLogoutRedirectUris],
    ...(backchannelLogoutUri === undefined ? {} : { backchannel_logout_uri: backchannelLogoutUri }),
    ...(scope === undefined ? {} : { scope }),
  };
}
