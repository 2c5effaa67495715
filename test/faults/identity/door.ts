import { createHash, randomBytes } from "node:crypto";
import { fileURLToPath } from "node:url";

/** The configuration file of the drills' identity provider. */
export const IDENTITY_CONFIG = fileURLToPath(new URL("application.ts", import.meta.url));
/** Where codes are sent to. */
export const CALLBACK = "https://app.example/callback";
/** A resource whose access tokens are signed texts. */
export const API = "https://api.example/";

const SECRET = "a-secret-of-the-drills-that-nobody-guesses";
/** Milliseconds an answer may take. */
const PATIENCE = 30_000;

/** Options of a server that is an identity provider for the drills. Limits do not stand in their way. */
export const IDENTITY_ENVIRONMENT: Readonly<Record<string, string>> = {
  GATEHOUSE_LIMITS_TRUSTED_CIDRS: "127.0.0.0/8",
  GATEHOUSE_IDENTITY_CLIENTS: JSON.stringify([
    { id: "app", secret: SECRET, redirectUris: [CALLBACK] },
    { id: "machine", secret: SECRET },
  ]),
  GATEHOUSE_IDENTITY_RESOURCES: JSON.stringify([
    { resource: API, scopes: ["photos:read"], format: "jwt", lookedUpBy: ["machine"] },
  ]),
};

/** What an endpoint answered. */
export interface DoorAnswer {
  readonly status: number;
  /** Members of its document. */
  readonly body: Readonly<Record<string, unknown>>;
}

/** A code, and what proves that it was asked for by whoever redeems it. */
export interface Code {
  readonly code: string;
  readonly verifier: string;
}

/** Lets the person of the drills sign in at a server. */
export async function signIn(origin: string): Promise<Code> {
  const verifier = randomBytes(32).toString("base64url");
  const challenge = createHash("sha256").update(verifier).digest("base64url");
  const { status, body } = await look(origin, `/drill/code?challenge=${challenge}`);
  if (status !== 200) throw new Error(`There is no code: ${status}.`);
  return { code: textIn(body, "code"), verifier };
}

export function redeem(origin: string, { code, verifier }: Code): Promise<DoorAnswer> {
  const form = { grant_type: "authorization_code", code, code_verifier: verifier, redirect_uri: CALLBACK };
  return post(origin, "/oauth/token", { client: "app", form });
}

export function refresh(origin: string, token: string): Promise<DoorAnswer> {
  return post(origin, "/oauth/token", { client: "app", form: { grant_type: "refresh_token", refresh_token: token } });
}

/** An access token that is a signed text, for a client that acts for itself. */
export function issueSigned(origin: string): Promise<DoorAnswer> {
  const form = { grant_type: "client_credentials", resource: API, scope: "photos:read" };
  return post(origin, "/oauth/token", { client: "machine", form });
}

/** An access token for whoever signs with a client's key (RFC 7523). */
export function presentAssertion(origin: string, assertion: string): Promise<DoorAnswer> {
  const type = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
  const form = { grant_type: "client_credentials", client_assertion_type: type, client_assertion: assertion };
  return post(origin, "/oauth/token", { form });
}

/** What a server says a token means. */
export function introspect(origin: string, token: string, client: "app" | "machine"): Promise<DoorAnswer> {
  return post(origin, "/oauth/introspect", { client, form: { token } });
}

/** What a server says of whose access token it is. */
export function userInfo(origin: string, token: string): Promise<DoorAnswer> {
  return look(origin, "/oauth/userinfo", { authorization: `Bearer ${token}` });
}

export async function look(
  origin: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<DoorAnswer> {
  return answerOf(await fetch(origin + path, { headers, signal: AbortSignal.timeout(PATIENCE) }));
}

interface Posting {
  /** Absent: the form says who it is. */
  readonly client?: "app" | "machine";
  readonly form: Readonly<Record<string, string>>;
}

async function post(origin: string, path: string, { client, form }: Posting): Promise<DoorAnswer> {
  const headers: Readonly<Record<string, string>> =
    client === undefined ? {} : { authorization: `Basic ${btoa(`${client}:${SECRET}`)}` };
  const init = { method: "POST", headers, body: new URLSearchParams(form), signal: AbortSignal.timeout(PATIENCE) };
  return answerOf(await fetch(origin + path, init));
}

async function answerOf(response: Response): Promise<DoorAnswer> {
  const document: unknown = await response.json();
  return { status: response.status, body: Object(document) };
}

/** A member of an answer that has to be a text. */
export function textIn(body: DoorAnswer["body"], name: string): string {
  const value = body[name];
  if (typeof value !== "string") throw new Error(`The answer has no ${name}: ${JSON.stringify(body)}`);
  return value;
}
