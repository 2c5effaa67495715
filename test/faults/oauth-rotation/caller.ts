import { setTimeout as delay } from "node:timers/promises";
import type { ServerProcess } from "../../support/server-process.ts";
import type { Dice, Violations } from "../drill.ts";
import { introspect, issueSigned, redeem, refresh, signIn, textIn, type DoorAnswer } from "../identity/door.ts";
import type { ResourceServer } from "./resource-server.ts";

/** What a caller works with. */
export interface CallerParts {
  readonly servers: readonly [ServerProcess, ServerProcess];
  readonly resource: ResourceServer;
  readonly dice: Dice;
  readonly violations: Violations;
}

/** A token, and until when it must be believed. */
interface Issued {
  readonly kind: "access token" | "ID token";
  readonly text: string;
  /** On the monotonic clock. */
  readonly until: number;
}

/** Milliseconds for which tokens are shown again, at most: less than they live. */
const SHOWN_FOR = 50_000;
/** Tokens that are kept to be shown again. */
const MOST_KEPT = 50;
const PAUSE = 10;

/** A client that gets tokens at two servers of one issuer, one after the other, and shows them to a resource server. */
export class Caller {
  readonly #parts: CallerParts;
  #refreshToken: string | undefined;
  #kept: Issued[] = [];
  verified = 0;

  constructor(parts: CallerParts) {
    this.#parts = parts;
  }

  async callUntil(signal: AbortSignal): Promise<void> {
    const { violations } = this.#parts;
    while (!signal.aborted) {
      await this.#call().catch((error: unknown) => violations.add(`A request failed: ${String(error)}`));
      await delay(PAUSE);
    }
  }

  async #call(): Promise<void> {
    const { dice, servers } = this.#parts;
    const [here, there] = dice.chance(0.5) ? servers : servers.toReversed();
    if (here === undefined || there === undefined) return;
    const issued = dice.chance(0.5) ? await this.#getAccessToken(here) : await this.#getIdToken(here);
    if (issued === undefined) return;
    await this.#verify(issued);
    if (dice.chance(0.3)) await this.#show(issued, there);
    const now = performance.now();
    this.#kept = [...this.#kept, issued].filter(({ until }) => until > now).slice(-MOST_KEPT);
    await this.#verify(dice.pick(this.#kept));
  }

  async #getAccessToken({ url }: ServerProcess): Promise<Issued | undefined> {
    const { body } = this.#fine("A token", await issueSigned(url)) ?? {};
    return body && { kind: "access token", text: textIn(body, "access_token"), until: performance.now() + SHOWN_FOR };
  }

  async #getIdToken({ url }: ServerProcess): Promise<Issued | undefined> {
    const token = this.#refreshToken;
    const answer = token === undefined ? await redeem(url, await signIn(url)) : await refresh(url, token);
    const { body } = this.#fine("A refresh", answer) ?? {};
    if (body === undefined) return undefined;
    this.#refreshToken = textIn(body, "refresh_token");
    return { kind: "ID token", text: textIn(body, "id_token"), until: performance.now() + SHOWN_FOR };
  }

  async #verify({ kind, text }: Issued): Promise<void> {
    const { resource, violations } = this.#parts;
    try {
      await (kind === "access token" ? resource.verifyAccessToken(text) : resource.verifyIdToken(text));
      this.verified += 1;
    } catch (error) {
      violations.add(`An ${kind} was refused by a resource server: ${String(error)}`);
    }
  }

  /** Shows a token to the issuer, at the server that has not issued it. */
  async #show({ kind, text }: Issued, { url }: ServerProcess): Promise<void> {
    const { violations } = this.#parts;
    if (kind === "access token") {
      const { body } = this.#fine("A look-up", await introspect(url, text, "machine")) ?? {};
      violations.expect(body?.["active"] === true, "An access token was called inactive.");
      return;
    }
    const response = await fetch(`${url}/oauth/logout?${new URLSearchParams({ id_token_hint: text })}`);
    await response.body?.cancel();
    violations.expect(response.status === 200, `An ID token was answered with ${response.status} at the logout.`);
  }

  #fine(what: string, answer: DoorAnswer): DoorAnswer | undefined {
    if (answer.status === 200) return answer;
    this.#parts.violations.add(`${what} was answered with ${answer.status}: ${JSON.stringify(answer.body)}`);
    return undefined;
  }
}
