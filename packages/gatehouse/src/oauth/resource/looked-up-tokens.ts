import type { Clock } from "../../kernel/clock.ts";
import { base64, utf8 } from "../../kernel/codec.ts";
import type { KeyRing } from "../../kernel/key-ring.ts";
import { Memo } from "../../kernel/memo.ts";
import type { AccessToken } from "../../kernel/ports/access-tokens.ts";
import { accessTokenOf, Introspected } from "./claims.ts";
import { fetchDocument, IssuerUnavailableError, type IssuerFetch } from "./issuer-fetch.ts";

/** How an issuer is asked what a token means (RFC 7662). */
export interface IntrospectionOptions {
  readonly clientId: string;
  readonly clientSecret: string;
  /** Milliseconds for which an answer is remembered, and a revocation is not noticed. Default 10 seconds. */
  readonly remember?: number;
}

/** What tokens are looked up with. */
export interface LookedUpTokensParts extends IntrospectionOptions {
  readonly issuer: string;
  /** The address of the issuer's introspection. */
  readonly endpoint: () => Promise<string>;
  readonly fetch: IssuerFetch;
  readonly keyRing: Pick<KeyRing, "fingerprint">;
  readonly clock: Pick<Clock, "now">;
}

interface Answer {
  readonly token: AccessToken | undefined;
  readonly until: number;
}

const REMEMBER = 10_000;
const MOST_REMEMBERED = 10_000;
/** Questions under way at a time: made-up tokens shall not become a flood of questions to the issuer. */
const MOST_QUESTIONS = 32;

/** Access tokens that say nothing themselves: the issuer is asked, once for all who present the same one at a time. */
export class LookedUpTokens {
  readonly #parts: LookedUpTokensParts;
  readonly #answers = new Memo<Answer>(MOST_REMEMBERED);
  readonly #asking = new Map<string, Promise<Answer>>();

  constructor(parts: LookedUpTokensParts) {
    this.#parts = parts;
  }

  /**
   * What a token is good for; `undefined` where the issuer says: nothing.
   * @throws {IssuerUnavailableError} when the issuer does not say, or is being asked too much.
   */
  async find(text: string): Promise<AccessToken | undefined> {
    const { keyRing, clock } = this.#parts;
    const key = keyRing.fingerprint("oauth-introspection", text);
    const known = this.#answers.get(key);
    if (known !== undefined && clock.now() < known.until) return known.token;
    return (await (this.#asking.get(key) ?? this.#begin(key, text))).token;
  }

  #begin(key: string, text: string): Promise<Answer> {
    if (this.#asking.size >= MOST_QUESTIONS) throw new IssuerUnavailableError("The issuer is being asked too much.");
    const asking = this.#ask(text).finally(() => this.#asking.delete(key));
    this.#asking.set(key, asking);
    return asking.then((answer) => {
      this.#answers.set(key, answer);
      return answer;
    });
  }

  async #ask(text: string): Promise<Answer> {
    const { issuer, endpoint, fetch, clientId, clientSecret, clock, remember = REMEMBER } = this.#parts;
    const credentials = [clientId, clientSecret].map(formEncoded).join(":");
    const answer = await fetchDocument(fetch, await endpoint(), {
      method: "POST",
      headers: {
        authorization: `Basic ${base64(utf8(credentials))}`,
        "content-type": "application/x-www-form-urlencoded",
      },
      body: new URLSearchParams({ token: text, token_type_hint: "access_token" }).toString(),
    });
    const now = clock.now();
    const said = Introspected.safeParse(answer);
    const counts =
      said.success &&
      (said.data.iss ?? issuer) === issuer &&
      (said.data.nbf ?? 0) * 1000 <= now &&
      said.data.exp * 1000 > now;
    if (!counts) return { token: undefined, until: now + remember };
    return { token: accessTokenOf(issuer, said.data), until: Math.min(now + remember, said.data.exp * 1000) };
  }
}

/** As RFC 6749 section 2.3.1 has it, before the two are joined. */
function formEncoded(text: string): string {
  return new URLSearchParams([["", text]]).toString().slice(1);
}
