/** What both issuers are told. */
export const ORIGIN = "https://id.example";
export const CALLBACK = "https://app.example/callback";
/** Signs nothing: what it asks for is answered with opaque tokens. */
export const MACHINE = "machine";
export const APP = "app";
export const SECRET = "0123456789abcdef".repeat(4);
export const ACCOUNT = "ada";
export const SCOPE = "openid offline_access profile";

/** Algorithms of the signing keys that are measured. */
export const ALGORITHMS = ["RS256", "ES256"] as const;
export type Algorithm = (typeof ALGORITHMS)[number];

/** Where the browser is sent to sign in; everybody is signed in at once there. */
export const SIGN_IN = "/bench/sign-in";

/** The clients as the protocol names their properties. */
export const CLIENTS = [
  {
    client_id: MACHINE,
    client_secret: SECRET,
    grant_types: ["client_credentials"],
    redirect_uris: [],
    response_types: [],
  },
  {
    client_id: APP,
    client_secret: SECRET,
    grant_types: ["authorization_code", "refresh_token"],
    redirect_uris: [CALLBACK],
    response_types: ["code"],
    scope: SCOPE,
  },
] as const;
