import * as oauth from "oauth4webapi";
import { Issuer, type IssuerOptions } from "./issuer.ts";
import { Keep, type KeptSession, type SignedIn } from "./keep.ts";
import { SignInError, signInErrorOf } from "./sign-in-error.ts";

/** How a browser application signs people in. */
export interface SignInOptions extends IssuerOptions {
  /** What the application may ask for besides `openid`; `offline_access` to stay signed in. Default: nothing. */
  readonly scopes?: readonly string[];
  /** The protected resource that tokens are for (RFC 8707). */
  readonly resource?: string;
  /** Binds tokens to a key that never leaves this browser (RFC 9449). Default true. */
  readonly dpop?: boolean;
  /** Where the issuer sends browsers that have signed out; registered there. Default: nobody is sent anywhere. */
  readonly signedOutUri?: string;
}

/** Signs people in to a browser application. */
export interface SignIn {
  /** Leaves for the issuer. `returnTo`, a path of this application, comes back with `finish`. */
  start(options?: { readonly returnTo?: string }): Promise<void>;
  /**
   * Takes in what the issuer sent the browser back with; `undefined` on any other page. Calling it again, from a second
   * effect or in a second tab with the same address, gives the same: the code is redeemed once.
   * @throws {SignInError}
   */
  finish(): Promise<SignedIn | undefined>;
  /** What the issuer says about who is signed in; `undefined` for nobody. */
  claims(): Promise<oauth.IDToken | undefined>;
  /**
   * An access token that is good for half a minute at least; `undefined` where nobody is signed in any more. It is
   * refreshed once for all tabs.
   * @throws {SignInError} `unavailable`
   */
  token(): Promise<string | undefined>;
  /** Asks a protected resource with that token, and the proof that goes with it. Without one it is asked all the same. */
  fetch(input: string | URL | Request, init?: RequestInit): Promise<Response>;
  /** Forgets who is signed in, in all tabs, and ends the session at the issuer. */
  signOut(): Promise<void>;
  /** Tells of signing in and out, here and in other tabs; disposing the result ends it. */
  onChange(receive: () => void): Disposable;
}

/** Milliseconds for which a person may take their time at the issuer. */
const LIFETIME = 600_000;
/** Milliseconds before its end at which a token is replaced: a request takes a while as well. */
const MARGIN = 30_000;

/** A sign-in of a browser application, as a public client. */
export function createSignIn(options: SignInOptions): SignIn {
  return new BrowserSignIn(options);
}

class BrowserSignIn implements SignIn {
  readonly #options: SignInOptions;
  readonly #issuer: Issuer;
  readonly #keep: Keep;
  readonly #name: string;
  readonly #tabs: BroadcastChannel;
  readonly #receivers = new Set<() => void>();
  readonly #finishing = new Map<string, Promise<SignedIn>>();
  #last: Promise<SignedIn> | undefined;

  constructor(options: SignInOptions) {
    this.#options = options;
    this.#issuer = new Issuer(options);
    this.#name = `gatehouse sign-in ${options.clientId} ${options.issuer}`;
    this.#keep = new Keep(this.#name);
    this.#tabs = new BroadcastChannel(this.#name);
    this.#tabs.addEventListener("message", () => this.#tell());
  }

  async start({ returnTo = location.pathname + location.search + location.hash } = {}): Promise<void> {
    try {
      const now = Date.now();
      const [state, nonce, verifier] = [
        oauth.generateRandomState(),
        oauth.generateRandomNonce(),
        oauth.generateRandomCodeVerifier(),
      ];
      const { authorization_endpoint: endpoint = "" } = await this.#issuer.server();
      await this.#keep.forgetAttempts(now - LIFETIME);
      await this.#keep.put({ attempts: { [state]: { nonce, verifier, returnTo: own(returnTo), begunAt: now } } });
      const address = new URL(endpoint);
      for (const [name, value] of Object.entries(await this.#parameters({ state, nonce, verifier }))) {
        address.searchParams.set(name, value);
      }
      location.assign(address);
    } catch (error) {
      throw signInErrorOf(error);
    }
  }

  finish(): Promise<SignedIn | undefined> {
    const answer = new URLSearchParams(location.search);
    const state = answer.get("state");
    const isAnswer = state !== null && (answer.has("code") || answer.has("error"));
    // The address is made clean once it has been taken in; who asks later is told what was in it.
    if (!isAnswer) return this.#last ?? Promise.resolve(undefined);
    const under = this.#finishing.get(state) ?? this.#redeem(state, answer);
    this.#finishing.set(state, under);
    this.#last = under;
    // What the issuer did not answer may be tried again.
    under.catch(() => {
      this.#finishing.delete(state);
      this.#last = undefined;
    });
    return under;
  }

  async claims(): Promise<oauth.IDToken | undefined> {
    return (await this.#keep.get("session"))?.claims;
  }

  async token(): Promise<string | undefined> {
    return (await this.#current())?.accessToken;
  }

  async fetch(input: string | URL | Request, init?: RequestInit): Promise<Response> {
    const request = new Request(input, init);
    const session = await this.#current();
    return session === undefined ? fetch(request) : this.#issuer.ask(session, request, await this.#proof());
  }

  async signOut(): Promise<void> {
    const session = await this.#keep.get("session");
    await this.#keep.put({ session: undefined });
    this.#last = undefined;
    this.#announce();
    if (session === undefined) return;
    const { signedOutUri } = this.#options;
    // Whoever signs out is signed out here, whatever the issuer makes of it.
    await this.#issuer.revoke(session.refreshToken ?? session.accessToken).catch(() => undefined);
    const server = await this.#issuer.server().catch(() => undefined);
    if (server?.end_session_endpoint === undefined || signedOutUri === undefined) return;
    const address = new URL(server.end_session_endpoint);
    address.searchParams.set("id_token_hint", session.idToken);
    address.searchParams.set("post_logout_redirect_uri", signedOutUri);
    location.assign(address);
  }

  onChange(receive: () => void): Disposable {
    this.#receivers.add(receive);
    return { [Symbol.dispose]: () => void this.#receivers.delete(receive) };
  }

  async #parameters({ state, nonce, verifier }: Readonly<Record<"state" | "nonce" | "verifier", string>>) {
    const { clientId, redirectUri, scopes = [], resource } = this.#options;
    const proof = await this.#proof();
    return {
      response_type: "code",
      client_id: clientId,
      redirect_uri: redirectUri,
      scope: [...new Set(["openid", ...scopes])].join(" "),
      state,
      nonce,
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: "S256",
      ...(resource === undefined ? {} : { resource }),
      // OpenID Connect Core 11: without consent, access while nobody is there is not given.
      ...(scopes.includes("offline_access") ? { prompt: "consent" } : {}),
      ...(proof === undefined ? {} : { dpop_jkt: await proof.calculateThumbprint() }),
    };
  }

  /** Of all who come with the same answer one shows the code; the others find what became of it. */
  #redeem(state: string, answer: URLSearchParams): Promise<SignedIn> {
    return this.#alone(`answer ${state}`, async () => {
      const attempt = await this.#keep.attempt(state);
      if (attempt === undefined || Date.now() - attempt.begunAt > LIFETIME) throw new SignInError("interrupted");
      if (attempt.signedIn !== undefined) {
        clean(state);
        return attempt.signedIn;
      }
      try {
        const session = await this.#issuer.exchange(answer, { state, attempt, proof: await this.#proof() });
        const signedIn = { claims: session.claims, returnTo: attempt.returnTo };
        await this.#keep.put({ session, attempts: { [state]: { ...attempt, verifier: "", signedIn } } });
        clean(state);
        this.#announce();
        return signedIn;
      } catch (cause) {
        const error = signInErrorOf(cause);
        if (error.code !== "unavailable") {
          await this.#keep.put({ attempts: { [state]: undefined } });
          clean(state);
        }
        throw error;
      }
    });
  }

  async #current(): Promise<KeptSession | undefined> {
    const session = await this.#keep.get("session");
    if (session === undefined || isFresh(session)) return session;
    return this.#alone("refresh", async () => {
      const now = await this.#keep.get("session");
      return now === undefined || isFresh(now) ? now : this.#refresh(now);
    });
  }

  async #refresh(session: KeptSession): Promise<KeptSession | undefined> {
    const { refreshToken } = session;
    try {
      if (refreshToken === undefined) throw new SignInError("interrupted");
      const renewed = await this.#issuer.refresh({ ...session, refreshToken }, await this.#proof());
      await this.#keep.put({ session: renewed });
      return renewed;
    } catch (cause) {
      const error = signInErrorOf(cause);
      if (error.code === "unavailable") throw error;
      await this.#keep.put({ session: undefined });
      this.#announce();
      return undefined;
    }
  }

  /** The key that tokens are bound to, made when it is first needed; no script can read it. */
  async #proof(): Promise<oauth.DPoPHandle | undefined> {
    if (this.#options.dpop === false) return undefined;
    const known = await this.#keep.get("key");
    if (known !== undefined) return this.#issuer.proof(known);
    return this.#alone("key", async () => {
      const key = (await this.#keep.get("key")) ?? (await oauth.generateKeyPair("ES256", { extractable: false }));
      await this.#keep.put({ key });
      return this.#issuer.proof(key);
    });
  }

  /** One at a time in all tabs. */
  async #alone<Result>(what: string, work: () => Promise<Result>): Promise<Result> {
    return navigator.locks.request(`${this.#name} ${what}`, work);
  }

  #announce(): void {
    this.#tabs.postMessage("changed");
    this.#tell();
  }

  #tell(): void {
    for (const receive of this.#receivers) receive();
  }
}

function isFresh({ expiresAt }: KeptSession): boolean {
  return expiresAt - Date.now() > MARGIN;
}

function own(path: string): string {
  const url = URL.parse(path, location.origin);
  return url?.origin === location.origin ? url.pathname + url.search + url.hash : "/";
}

/** Takes an answer out of the address, so that it is in no history and no link that is copied. */
function clean(state: string): void {
  const url = new URL(location.href);
  if (url.searchParams.get("state") !== state) return;
  for (const name of ["code", "state", "iss", "error", "error_description"]) url.searchParams.delete(name);
  history.replaceState(history.state, "", url);
}
