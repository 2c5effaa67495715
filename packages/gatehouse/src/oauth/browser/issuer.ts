import * as oauth from "oauth4webapi";
import type { Attempt, KeptSession } from "./keep.ts";

/** The client that an application is at its issuer. */
export interface IssuerOptions {
  /** The issuer's identifier, an https address. */
  readonly issuer: string;
  readonly clientId: string;
  /** Where the issuer sends browsers back to; registered there. */
  readonly redirectUri: string;
}

/** What a request to the issuer is made with. */
interface Request {
  readonly DPoP?: oauth.DPoPHandle;
  readonly signal: AbortSignal;
  readonly [oauth.allowInsecureRequests]: boolean;
}

/** Milliseconds an issuer may take for an answer. */
const TIMEOUT = 10_000;
/** Seconds a token lives of which the issuer does not say. */
const UNSAID_LIFETIME = 300;
const CLOCK_TOLERANCE = 60;
const BODILESS = /^(?:GET|HEAD)$/;

/** An issuer, spoken to as a public client: authorization code with PKCE. */
export class Issuer {
  readonly #options: IssuerOptions;
  readonly #client: oauth.Client;
  #server: Promise<oauth.AuthorizationServer> | undefined;

  constructor(options: IssuerOptions) {
    this.#options = options;
    this.#client = { client_id: options.clientId, [oauth.clockTolerance]: CLOCK_TOLERANCE };
  }

  /** How the issuer is to be used; asked once for a page. */
  async server(): Promise<oauth.AuthorizationServer> {
    this.#server ??= this.#discover();
    try {
      return await this.#server;
    } catch (error) {
      this.#server = undefined;
      throw error;
    }
  }

  /** What proves possession of a key. */
  proof(key: CryptoKeyPair): oauth.DPoPHandle {
    return oauth.DPoP(this.#client, key);
  }

  /** Exchanges the code of an answer for tokens; all that was said is checked. */
  async exchange(
    answer: URLSearchParams,
    {
      state,
      attempt,
      proof,
    }: { readonly state: string; readonly attempt: Attempt; readonly proof: oauth.DPoPHandle | undefined },
  ): Promise<KeptSession> {
    const server = await this.server();
    const parameters = oauth.validateAuthResponse(server, this.#client, answer, state);
    const ask = (): Promise<Response> =>
      oauth.authorizationCodeGrantRequest(
        server,
        this.#client,
        oauth.None(),
        parameters,
        this.#options.redirectUri,
        attempt.verifier,
        this.#request(proof),
      );
    const read = (response: Response) =>
      oauth.processAuthorizationCodeResponse(server, this.#client, response, {
        expectedNonce: attempt.nonce,
        requireIdToken: true,
      });
    const { result, response } = await withNonce(ask, read);
    await oauth.validateApplicationLevelSignature(server, response, this.#request(undefined));
    return sessionOf(result);
  }

  /** Tokens in the place of those of a session. */
  async refresh(
    session: KeptSession & { readonly refreshToken: string },
    proof?: oauth.DPoPHandle,
  ): Promise<KeptSession> {
    const server = await this.server();
    const ask = (): Promise<Response> =>
      oauth.refreshTokenGrantRequest(server, this.#client, oauth.None(), session.refreshToken, this.#request(proof));
    const read = (response: Response) => oauth.processRefreshTokenResponse(server, this.#client, response);
    const { result } = await withNonce(ask, read);
    return { ...session, ...tokensOf(result) };
  }

  async revoke(token: string): Promise<void> {
    const server = await this.server();
    if (server.revocation_endpoint === undefined) return;
    await oauth.revocationRequest(server, this.#client, oauth.None(), token, this.#request(undefined));
  }

  /** Asks a protected resource. */
  async ask(session: KeptSession, request: globalThis.Request, proof?: oauth.DPoPHandle): Promise<Response> {
    const { method, headers, signal } = request;
    const url = new URL(request.url);
    const body = BODILESS.test(method) ? null : new Uint8Array(await request.arrayBuffer());
    const options = { signal, ...this.#insecure(url), ...(proof === undefined ? {} : { DPoP: proof }) };
    // Each time with fields of its own: the token and the proof are put into them.
    const ask = (): Promise<Response> =>
      oauth.protectedResourceRequest(session.accessToken, method, url, new Headers(headers), body, options);
    return ask().catch((error: unknown) => {
      if (oauth.isDPoPNonceError(error)) return ask();
      // What the resource answers is for who asked, a refusal as well.
      if (error instanceof oauth.WWWAuthenticateChallengeError) return error.response;
      throw error;
    });
  }

  async #discover(): Promise<oauth.AuthorizationServer> {
    const address = new URL(this.#options.issuer);
    const response = await oauth.discoveryRequest(address, this.#request(undefined));
    return oauth.processDiscoveryResponse(address, response);
  }

  #request(proof: oauth.DPoPHandle | undefined): Request {
    const signal = AbortSignal.timeout(TIMEOUT);
    const insecure = this.#insecure(new URL(this.#options.issuer));
    return proof === undefined ? { signal, ...insecure } : { signal, DPoP: proof, ...insecure };
  }

  /** Anything but https hands tokens to whoever is on the way; on this machine nobody is. */
  #insecure({ protocol, hostname }: URL): Pick<Request, typeof oauth.allowInsecureRequests> {
    const isOwn = /^(?:localhost|(?:.+\.)?localhost|127(?:\.\d+){3}|\[::1\])$/.test(hostname);
    return { [oauth.allowInsecureRequests]: protocol === "http:" && isOwn };
  }
}

/** A server may ask for a nonce of its own in proofs (RFC 9449 section 8); the same request is then made once more. */
async function withNonce<Result>(
  ask: () => Promise<Response>,
  read: (response: Response) => Promise<Result>,
): Promise<{ readonly result: Result; readonly response: Response }> {
  const response = await ask();
  try {
    return { result: await read(response), response };
  } catch (error) {
    if (!oauth.isDPoPNonceError(error)) throw error;
  }
  const second = await ask();
  return { result: await read(second), response: second };
}

function sessionOf(answer: oauth.TokenEndpointResponse): KeptSession {
  const claims = oauth.getValidatedIdTokenClaims(answer);
  if (claims === undefined || answer.id_token === undefined) throw new TypeError("An ID token was required.");
  return { claims, idToken: answer.id_token, ...tokensOf(answer) };
}

function tokensOf(answer: oauth.TokenEndpointResponse): Omit<KeptSession, "claims" | "idToken"> {
  const { access_token: accessToken, refresh_token: refreshToken, expires_in: seconds = UNSAID_LIFETIME } = answer;
  const expiresAt = Date.now() + seconds * 1000;
  return refreshToken === undefined ? { accessToken, expiresAt } : { accessToken, refreshToken, expiresAt };
}
