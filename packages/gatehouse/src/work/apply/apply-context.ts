import { AsyncLocalStorage } from "node:async_hooks";
import type { Authorise } from "../../kernel/action.ts";
import type { Clock } from "../../kernel/clock.ts";
import { base64url, constantTimeEqual, fromBase64url, fromUtf8, utf8 } from "../../kernel/codec.ts";
import type { KeyRing } from "../../kernel/key-ring.ts";
import { deny, type Denial } from "../../kernel/outcome.ts";
import type { Random } from "../../kernel/random.ts";
import { workProblems } from "../problems.ts";

/** The order whose approved plan is being carried out. */
export interface ApplyScope {
  readonly tenant: string;
  readonly order: string;
  /** Of the plan that was approved. */
  readonly digest: string;
}

/** What an apply header allows, once and for some seconds. */
export interface ApplyRequest {
  readonly method: string;
  /** With its query, as it is sent. */
  readonly path: string;
}

/** Where calls of other processes carry what shows that they belong to an applied order. */
export const APPLY_HEADER = "work-order-context";

/**
 * Tells what is done while an approved plan is carried out from everything else. Nothing that a caller sends makes it
 * so: within a process it is where the code runs, between processes a header that only a holder of the key ring can make.
 */
export interface ApplyContext {
  /** Does something as part of carrying out a plan. Whatever it leaves running counts as part of it no longer. */
  run<Result>(scope: ApplyScope, work: () => Promise<Result>): Promise<Result>;
  /** The order whose plan is being carried out here and now; `undefined` where none is. */
  mayApply(): ApplyScope | undefined;
  /**
   * A header for one call of another process that belongs to what is being carried out.
   * @throws {Error} outside of an apply.
   */
  header(request: ApplyRequest): string;
  /**
   * Admits a request of another process by its header: once in each process that it reaches, and whatever its body is. What
   * it leads to has to take a repetition for one.
   */
  admit(request: ApplyRequest & { readonly tenant: string; readonly header: string | null }): ApplyScope | Denial;
}

/** What the context is made with. */
export interface ApplyContextParts {
  readonly keyRing: Pick<KeyRing, "current" | "find">;
  readonly clock: Pick<Clock, "now">;
  readonly random: Random;
}

const PURPOSE = "work-apply-context";
const LIFETIME = 5000;
const NONCE_BYTES = 16;
const LONGEST = 2048;

/** A context of its own: what runs in another one is not admitted in this one. */
export function createApplyContext(parts: ApplyContextParts): ApplyContext {
  return new SignedApplyContext(parts);
}

interface Running extends ApplyScope {
  ended: boolean;
}

interface Ticket extends ApplyScope, ApplyRequest {
  readonly nonce: string;
  /** Epoch milliseconds. */
  readonly until: number;
}

class SignedApplyContext implements ApplyContext {
  readonly #parts: ApplyContextParts;
  readonly #running = new AsyncLocalStorage<Running>();
  /** Of headers that were used and could still be, with when they cannot be any more. */
  readonly #used = new Map<string, number>();

  constructor(parts: ApplyContextParts) {
    this.#parts = parts;
  }

  run<Result>({ tenant, order, digest }: ApplyScope, work: () => Promise<Result>): Promise<Result> {
    const running: Running = { tenant, order, digest, ended: false };
    return this.#running.run(running, async () => {
      try {
        return await work();
      } finally {
        running.ended = true;
      }
    });
  }

  mayApply(): ApplyScope | undefined {
    const running = this.#running.getStore();
    if (running === undefined || running.ended) return undefined;
    const { tenant, order, digest } = running;
    return { tenant, order, digest };
  }

  header({ method, path }: ApplyRequest): string {
    const scope = this.mayApply();
    if (scope === undefined) throw new Error("Only what belongs to an applied order can be shown to belong to one.");
    const { keyRing, clock, random } = this.#parts;
    const nonce = base64url(random.bytes(NONCE_BYTES));
    const ticket: Ticket = { ...scope, method, path, nonce, until: clock.now() + LIFETIME };
    const body = base64url(utf8(JSON.stringify(ticket)));
    const key = keyRing.current(PURPOSE);
    return `${key.id}.${body}.${base64url(key.mac(body))}`;
  }

  admit({ method, path, tenant, header }: Parameters<ApplyContext["admit"]>[0]): ApplyScope | Denial {
    const ticket = header === null || header.length > LONGEST ? undefined : this.#verified(header);
    const now = this.#parts.clock.now();
    this.#forget(now);
    const fits = ticket?.method === method && ticket.path === path && ticket.tenant === tenant && ticket.until > now;
    if (!fits || this.#used.has(ticket.nonce)) return deny(workProblems.FORBIDDEN_DIRECT_MUTATION);
    this.#used.set(ticket.nonce, ticket.until);
    return { tenant, order: ticket.order, digest: ticket.digest };
  }

  #verified(header: string): Ticket | undefined {
    const [id = "", body = "", text = "", ...more] = header.split(".");
    const mac = fromBase64url(text);
    const key = this.#parts.keyRing.find(PURPOSE, id);
    const bytes = fromBase64url(body);
    if (more.length > 0 || mac === undefined || key === undefined || bytes === undefined) return undefined;
    if (!constantTimeEqual(key.mac(body), mac)) return undefined;
    // Its MAC shows that `header` has made it.
    return JSON.parse(fromUtf8(bytes)) as Ticket;
  }

  #forget(now: number): void {
    for (const [nonce, until] of this.#used) {
      if (until > now) return;
      this.#used.delete(nonce);
    }
  }
}

/** Lets an action be attempted only while an approved plan is carried out in this process, and by whom its own rule admits. */
export function enforceWorkOrderOnly<Input>(
  context: Pick<ApplyContext, "mayApply">,
  rule: Authorise<Input>,
): Authorise<Input> {
  const enforced: Authorise<Input> = (asking) =>
    context.mayApply()?.tenant === asking.attempt.tenant
      ? rule(asking)
      : deny(workProblems.FORBIDDEN_DIRECT_MUTATION, { context: { by: "work order only" } });
  return rule.demand === undefined ? enforced : Object.assign(enforced, { demand: rule.demand });
}
