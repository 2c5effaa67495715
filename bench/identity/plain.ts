import { generateKeyPair, type JsonWebKey } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { promisify } from "node:util";
import { Provider, type ClientMetadata, type JWK } from "oidc-provider";
import { KEEP_ALIVE, type Running } from "../support/served.ts";
import { ACCOUNT, APP, CLIENTS, ORIGIN, SCOPE, SIGN_IN, type Algorithm } from "./issuer.ts";

const generate = promisify(generateKeyPair);

async function makeKey(algorithm: Algorithm): Promise<JWK> {
  const { privateKey } =
    algorithm === "RS256"
      ? await generate("rsa", { modulusLength: 4096 })
      : await generate("ec", { namedCurve: "P-256" });
  const jwk: JsonWebKey = privateKey.export({ format: "jwk" });
  // An exported key has the members of its kind.
  return { ...jwk, alg: algorithm, use: "sig", kid: algorithm } as JWK;
}

/** The engine alone on a bare server, with its adapter in memory and nothing around it. */
export async function servePlain(algorithm: Algorithm): Promise<Running> {
  const provider = new Provider(ORIGIN, {
    clients: CLIENTS.map((client) => ({ ...client, id_token_signed_response_alg: algorithm })) as ClientMetadata[],
    jwks: { keys: [await makeKey(algorithm)] },
    cookies: { keys: ["0123456789abcdef"] },
    enabledJWA: { idTokenSigningAlgValues: [algorithm] },
    findAccount: (_context, id) => ({ accountId: id, claims: () => ({ sub: id, name: "Ada" }) }),
    interactions: { url: (_context, { uid }) => `${SIGN_IN}/${uid}` },
    pkce: { required: () => true },
    rotateRefreshToken: true,
    responseTypes: ["code"],
    scopes: SCOPE.split(" "),
    claims: { openid: ["sub"], profile: ["name"] },
    issueRefreshToken: (_context, client) => client.grantTypeAllowed("refresh_token"),
    routes: {
      authorization: "/oauth/authorize",
      token: "/oauth/token",
      userinfo: "/oauth/userinfo",
      introspection: "/oauth/introspect",
    },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: { enabled: true },
      userinfo: { enabled: true },
    },
  });
  provider.proxy = true;
  const callback = provider.callback();
  const signIn = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const grant = new provider.Grant({ accountId: ACCOUNT, clientId: APP });
    grant.addOIDCScope(SCOPE);
    const grantId = await grant.save();
    await provider.interactionFinished(request, response, { login: { accountId: ACCOUNT }, consent: { grantId } });
  };
  const server = createServer((request, response) => {
    if (request.url?.startsWith(SIGN_IN) === true) void signIn(request, response);
    else void callback(request, response);
  });
  server.keepAliveTimeout = KEEP_ALIVE;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The server has no port.");
  return { port: address.port, close: () => new Promise((closed) => server.close(closed)) };
}
