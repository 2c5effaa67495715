import type { SuiteCaller, SuitePage } from "gatehouse/testing";
import { SIGN_IN } from "./guarded-server.ts";
import type { Wire, WireResponse } from "./wire.ts";

/** Somebody with a browser: a session cookie, and the security tokens it has been given. */
interface Visitor {
  readonly cookie: string;
  token: string;
  earlier: string;
}

/** Header fields of a request, and the token that goes into its body where the page puts it there. */
export interface Evidence {
  readonly headers: Readonly<Record<string, string>>;
  readonly bodyToken?: string;
}

const ENTRY_ADDRESS = "198.51.100.200";

/** The visitors of the suite, each signed in over the wire when first needed. */
export class SuiteVisitors {
  readonly #wire: Wire;
  /** Everything they were given that must stay secret. */
  readonly secrets: string[];
  #visitors = new Map<SuiteCaller, Promise<Visitor>>();

  constructor(wire: Wire, secrets: string[]) {
    this.#wire = wire;
    this.secrets = secrets;
  }

  /** Forgets every session; the next attempt of each visitor begins one. */
  forget(): void {
    this.#visitors = new Map();
  }

  /** What a visitor's browser sends along from a page, to the house of a tenant. */
  async evidence(as: SuiteCaller, page: SuitePage, tenant: "own" | "other"): Promise<Evidence> {
    const visitor = await this.#visitor(as);
    const host = tenant === "own" ? `localhost:${this.#wire.port}` : `other.localhost:${this.#wire.port}`;
    const own = { host, cookie: visitor.cookie, origin: `http://${host}`, "sec-fetch-site": "same-origin" };
    const token = { "x-csrf-token": visitor.token };
    switch (page) {
      case "own":
        return { headers: { ...own, ...token } };
      case "own, token in the body":
        return { headers: own, bodyToken: visitor.token };
      case "own, an earlier token":
        return { headers: { ...own, "x-csrf-token": visitor.earlier } };
      case "no token":
        return { headers: own };
      case "wrong token":
        return { headers: { ...own, "x-csrf-token": "A".repeat(visitor.token.length) } };
      case "token of another session":
        return { headers: { ...own, "x-csrf-token": (await this.#arrive()).token } };
      case "other site":
        return { headers: { ...own, ...token, origin: "https://evil.example", "sec-fetch-site": "cross-site" } };
      case "other port":
        return { headers: { ...own, ...token, origin: "http://localhost:1", "sec-fetch-site": "same-site" } };
    }
  }

  /** Notes the token of an answer. */
  async note(as: SuiteCaller, token: string | undefined): Promise<void> {
    if (token === undefined) return;
    this.secrets.push(token);
    const visitor = await this.#visitor(as);
    visitor.earlier = visitor.token;
    visitor.token = token;
  }

  #visitor(as: SuiteCaller): Promise<Visitor> {
    const known = this.#visitors.get(as);
    if (known !== undefined) return known;
    const visitor = as === "stranger" ? this.#arrive() : this.#signIn(as);
    this.#visitors.set(as, visitor);
    return visitor;
  }

  async #signIn(user: string): Promise<Visitor> {
    const { cookie, token } = await this.#arrive();
    const host = `localhost:${this.#wire.port}`;
    const answer = await this.#wire.send({
      method: "POST",
      path: SIGN_IN,
      headers: {
        ...{ host, cookie, origin: `http://${host}`, "sec-fetch-site": "same-origin", "x-csrf-token": token },
        ...{ "content-type": "application/json", "x-forwarded-for": ENTRY_ADDRESS },
      },
      body: JSON.stringify({ user }),
    });
    return this.#arrive(this.#cookieOf(answer));
  }

  /** A token for a session, which begins now where none is given. */
  async #arrive(session?: string): Promise<Visitor> {
    const host = `localhost:${this.#wire.port}`;
    const answer = await this.#wire.send({
      method: "GET",
      path: "/api/csrf/refresh",
      headers: {
        ...{ host, accept: "application/json", "sec-fetch-site": "same-origin", "x-forwarded-for": ENTRY_ADDRESS },
        ...(session === undefined ? {} : { cookie: session }),
      },
    });
    const token: unknown = JSON.parse(answer.text).csrf_token;
    if (typeof token !== "string") throw new Error(`No token was given: ${answer.status} ${answer.text}`);
    this.secrets.push(token);
    return { cookie: session ?? this.#cookieOf(answer), token, earlier: token };
  }

  #cookieOf({ headers, status, text }: WireResponse): string {
    const [cookie = ""] = (headers.get("set-cookie") ?? "").split(";");
    if (cookie === "") throw new Error(`No session was given: ${status} ${text}`);
    this.secrets.push(cookie.slice(cookie.indexOf("=") + 1));
    return cookie;
  }
}
