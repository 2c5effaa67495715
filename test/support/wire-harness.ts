import type { Entrance, SecurityEvent } from "gatehouse/kernel";
import type { EntranceHarness, SuiteAnswer, SuiteRequest } from "gatehouse/testing";
import type { GuardedServer } from "./guarded-server.ts";
import { SuiteVisitors, type Evidence } from "./suite-visitors.ts";
import type { Wire, WireRequest, WireResponse } from "./wire.ts";

/** How an entrance puts an attempt into a request, and an answer into the suite's words. */
export interface Protocol {
  /** Whether attempts come from browsers with sessions, so that evidence of one is wanted. */
  readonly browser: boolean;
  encode(request: SuiteRequest, evidence: Evidence): WireRequest;
  decode(document: Readonly<Record<string, unknown>>, response: WireResponse): Partial<SuiteAnswer>;
}

const HOUR = 3_600_000;

/** A harness of the guard suite over a wire. */
export class WireHarness implements EntranceHarness {
  readonly secrets: string[] = [];
  readonly #server: GuardedServer;
  readonly #wire: Wire;
  readonly #protocol: Protocol;
  readonly #visitors: SuiteVisitors;

  constructor(server: GuardedServer, wire: Wire, protocol: Protocol) {
    this.#server = server;
    this.#wire = wire;
    this.#protocol = protocol;
    this.#visitors = new SuiteVisitors(wire, this.secrets);
  }

  get events(): SecurityEvent[] {
    return this.#server.events;
  }

  get log(): readonly string[] {
    return this.#server.log;
  }

  auditRows(): Promise<readonly SecurityEvent[]> {
    const { store, trail } = this.#server.gatehouse.services;
    return store.read((transaction) => trail.find(transaction, { limit: 1000 }));
  }

  async ban(ip: string, entrance?: Entrance): Promise<void> {
    const { bans } = this.#server.gatehouse.services;
    const ban = { subject: { kind: "ip", value: ip }, reason: "suite", violations: 0 } as const;
    await bans.add({ ...ban, duration: HOUR, ...(entrance === undefined ? {} : { entrance }) });
  }

  /** All limits count by the minute. */
  async reset(): Promise<void> {
    await this.advance(61_000);
    this.#visitors.forget();
  }

  advance(milliseconds: number): Promise<void> {
    return this.#server.clock.advance(milliseconds);
  }

  endSessions(): Promise<void> {
    return this.advance(HOUR + 1000);
  }

  async send(request: SuiteRequest): Promise<SuiteAnswer> {
    const { as, page, tenant, ip, key } = request;
    const host = tenant === "own" ? `localhost:${this.#wire.port}` : `other.localhost:${this.#wire.port}`;
    const evidence = this.#protocol.browser
      ? await this.#visitors.evidence(as, page, tenant)
      : { headers: { host, ...(page === "other site" ? FOREIGN : {}) } };
    if (key !== undefined) this.secrets.push(key);
    const encoded = this.#protocol.encode(request, evidence);
    const signature = encoded.headers["webhook-signature"];
    if (signature !== undefined) this.secrets.push(signature.slice("v1,".length));
    const headers = { accept: "application/json", "x-forwarded-for": ip, ...encoded.headers };
    const response = await this.#wire.send({ ...encoded, headers });
    const answer = this.#answer(response);
    if (this.#protocol.browser) await this.#visitors.note(as, answer.token);
    return answer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#wire[Symbol.asyncDispose]();
    await this.#server[Symbol.asyncDispose]();
  }

  #answer(response: WireResponse): SuiteAnswer {
    const { headers, text, status } = response;
    // Every entrance under test answers with JSON objects.
    const document = JSON.parse(text) as Readonly<Record<string, unknown>>;
    const told = { requestId: headers.get("x-request-id") ?? undefined, headers, text };
    if (status >= 400) {
      return { ...told, code: String(document["code"]), retryAfter: numberOf(headers.get("retry-after")) };
    }
    const shared = {
      value: document,
      cached: headers.get("idempotent-replayed") === "true",
      token: headers.get("x-csrf-token") ?? undefined,
    };
    return { ...told, code: undefined, ...shared, ...this.#protocol.decode(document, response) };
  }
}

const FOREIGN = { origin: "https://evil.example", "sec-fetch-site": "cross-site" };

function numberOf(text: string | null): number | undefined {
  return text === null ? undefined : Number(text);
}

/** Classic routes: an action at a path of its name. */
export const HTTP_PROTOCOL: Protocol = {
  browser: true,
  encode({ action, input, key }, { headers, bodyToken }) {
    const body = bodyToken === undefined ? input : { ...Object(input), _csrf_token: bodyToken };
    const keyed = key === undefined ? {} : { "idempotency-key": key };
    return {
      method: "POST",
      path: `/${action}`,
      headers: { ...headers, "content-type": "application/json", ...keyed },
      body: JSON.stringify(body),
    };
  },
  decode: () => ({}),
};
