import { patientFetch } from "./patient-fetch.ts";
import { z } from "zod";

/** What a program identifies itself with. */
export interface ClientCredentials {
  readonly id: string;
  readonly secret: string;
}

const Metadata = z.object({ authorization_servers: z.array(z.url()).min(1) });
const Issuer = z.object({ token_endpoint: z.url() });
const Granted = z.object({ access_token: z.string() });

/**
 * Access tokens by client credentials. Who issues them the resource itself says (RFC 9728). One is kept until the server
 * refuses it.
 */
export class AccessTokens {
  readonly #credentials: ClientCredentials;
  readonly #kept = new Map<string, Promise<string>>();

  constructor(credentials: ClientCredentials) {
    this.#credentials = credentials;
  }

  /** A token for a resource, with scopes. */
  async for(resource: string, scope: string): Promise<string> {
    const kept = this.#kept.get(resource) ?? this.#obtain(resource, scope);
    this.#kept.set(resource, kept);
    try {
      return await kept;
    } catch (error) {
      this.renew(resource);
      throw error;
    }
  }

  /** Has the next one be a new one. */
  renew(resource: string): void {
    this.#kept.delete(resource);
  }

  async #obtain(resource: string, scope: string): Promise<string> {
    const { origin, pathname } = new URL(resource);
    const {
      authorization_servers: [issuer = origin],
    } = Metadata.parse(await answerOf(patientFetch(`${origin}/.well-known/oauth-protected-resource${pathname}`)));
    const at = new URL(issuer);
    const path = at.pathname === "/" ? "" : at.pathname;
    const { token_endpoint: endpoint } = Issuer.parse(
      await answerOf(patientFetch(`${at.origin}/.well-known/oauth-authorization-server${path}`)),
    );
    const { id, secret } = this.#credentials;
    const authorization = `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString("base64")}`;
    const body = new URLSearchParams({ grant_type: "client_credentials", resource, scope });
    const granted = await answerOf(patientFetch(endpoint, { method: "POST", headers: { authorization }, body }));
    return Granted.parse(granted).access_token;
  }
}

async function answerOf(asked: Promise<Response>): Promise<unknown> {
  const response = await asked;
  const text = await response.text();
  if (!response.ok) throw new Error(`${response.url} answered ${response.status}: ${text.slice(0, 500)}`);
  return JSON.parse(text);
}
