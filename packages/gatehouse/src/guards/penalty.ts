import type { Clock } from "../kernel/clock.ts";
import type { SecurityEvent } from "../kernel/event.ts";
import type { EventStream } from "../kernel/event-stream.ts";
import { events } from "../kernel/events.ts";
import type { Ids } from "../kernel/ids.ts";
import type { Ban, Bans, BanSubject } from "../kernel/ports/bans.ts";
import { addressKey, createAddressRanges, UNKNOWN_ADDRESS } from "./address.ts";
import { principalSubject } from "./admit-principal.ts";
import { OverrunTally } from "./overrun-tally.ts";

/** So many violations lead to a ban of such a length. */
export interface PenaltyStep {
  readonly threshold: number;
  /** Milliseconds. */
  readonly duration: number;
}

/** When violations lead to bans. */
export interface PenaltySettings {
  /** Milliseconds a violation counts. Default 24 hours. */
  readonly window: number;
  /** Refuses the source at the entrance it used. Default: 3 violations, 60 minutes. */
  readonly soft: PenaltyStep;
  /** Refuses the source altogether. Default: 10 violations, 24 hours. */
  readonly hard: PenaltyStep;
  /** Violations that a denial counts as, by the code of its problem; codes not named count for nothing. */
  readonly weights: Readonly<Record<string, number>>;
}

const MINUTE = 60_000;

/**
 * The settings in force unless others are given. Requests refused for their origin do not count: a foreign page makes
 * its visitors' browsers send them, and would get the visitors banned.
 */
export const DEFAULT_PENALTIES: PenaltySettings = Object.freeze({
  window: 24 * 60 * MINUTE,
  soft: Object.freeze({ threshold: 3, duration: 60 * MINUTE }),
  hard: Object.freeze({ threshold: 10, duration: 24 * 60 * MINUTE }),
  weights: Object.freeze({
    RATE_LIMIT_EXCEEDED: 1,
    CSRF_TOKEN_INVALID: 1,
    CREDENTIAL_INVALID: 1,
    SIGNATURE_INVALID: 1,
  }),
});

/** What penalties are built from. */
export interface PenaltyOptions {
  readonly events: EventStream;
  readonly bans: Bans;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly settings?: Partial<PenaltySettings>;
  /** Ranges whose callers are never banned. */
  readonly trustedCidrs?: readonly string[];
  /** Receives failures to count or ban; the denials themselves have long been answered. */
  readonly report: (error: unknown) => void;
}

/** Penalties under way. Disposing stops listening and waits for what has been begun. */
export interface Penalties extends AsyncDisposable {
  /** Resolves once every violation noticed so far has been counted. */
  settled(): Promise<void>;
}

/**
 * Turns repeated violations into bans. It listens to the stream of events, so that no attempt waits for it. Strangers
 * are banned by address (IPv6: /64) and, at first, only from the entrance they used, because many people may share an
 * address; those who are signed in are banned as themselves. For the same reason what one address is refused for a used-up
 * limit counts once in a window, and again with every further share of the limit. Violations are counted durably through `Bans`.
 */
export function createPenalties(options: PenaltyOptions): Penalties {
  return new EventPenalties(options);
}

interface Pending {
  readonly subject: BanSubject;
  /** The event that is named as the cause. */
  event: SecurityEvent;
  violations: number;
}

/** Subjects counted at the same time. */
const WORKERS = 8;
/** Subjects that may wait to be counted. A flood from more addresses than that is not stopped one by one. */
const MOST_WAITING = 10_000;

/**
 * What a foreign page makes its visitors' browsers send is not theirs to answer for. And a wrong token from a page of
 * our own is a page left open over a sign-in, or one restored from a cache: no attack, since a foreign page could not
 * have sent it.
 *
 * But saying that a request comes from a foreign page takes one header. No page makes a browser send a signature or
 * credentials that its visitor has never used, so these are held against whoever tries them out.
 */
function isInnocent({ source, problem, context }: SecurityEvent): boolean {
  if (source.page === "own") return problem === "CSRF_TOKEN_INVALID";
  if (source.page !== "foreign") return false;
  if (problem === "CREDENTIAL_INVALID") return context["credential"] === "session";
  if (problem === "SIGNATURE_INVALID") return context["reason"] === "missing" || context["reason"] === "no verifier";
  return true;
}

/**
 * Whether a violation of a source that is banned already counts towards the longer ban. What was under way when it was
 * first banned does not. Nor does what strangers with a session do later at an address that is banned here: they get
 * nowhere anyway, and one of them could in seconds have everybody banned who is signed in behind that address.
 */
function isFurther(standing: Ban, event: SecurityEvent, soft: PenaltyStep): boolean {
  if (standing.entrance !== undefined && event.at > standing.createdAt) return standing.subject.kind !== "ip";
  return standing.entrance !== undefined && standing.violations > soft.threshold;
}

class EventPenalties implements Penalties {
  readonly #options: PenaltyOptions;
  readonly #settings: PenaltySettings;
  readonly #trusted: ReturnType<typeof createAddressRanges>;
  readonly #subscription: Disposable;
  readonly #waiting = new Map<string, Pending>();
  readonly #working = new Map<string, Promise<void>>();
  readonly #overruns = new OverrunTally();

  constructor(options: PenaltyOptions) {
    this.#options = options;
    this.#settings = { ...DEFAULT_PENALTIES, ...options.settings };
    this.#trusted = createAddressRanges(options.trustedCidrs ?? []);
    this.#subscription = options.events.subscribe((event) => this.#notice(event));
  }

  async settled(): Promise<void> {
    while (this.#working.size > 0) await Promise.all(this.#working.values());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#subscription[Symbol.dispose]();
    await this.settled();
  }

  #notice(event: SecurityEvent): void {
    const violations = this.#settings.weights[event.problem ?? ""] ?? 0;
    if (violations <= 0 || event.outcome !== "denied" || isInnocent(event)) return;
    const subject = this.#subjectOf(event);
    if (subject === undefined) return;
    if (subject.kind === "ip" && !this.#overruns.isViolation(subject.value, event)) return;
    const name = `${subject.kind} ${subject.value}`;
    const waiting = this.#waiting.get(name);
    if (waiting !== undefined) {
      waiting.violations += violations;
      waiting.event = event;
    } else if (this.#waiting.size < MOST_WAITING) {
      this.#waiting.set(name, { subject, event, violations });
    }
    this.#startWork();
  }

  #subjectOf({ actor, source, tenant }: SecurityEvent): BanSubject | undefined {
    if (actor.type === "system" || source.ip === undefined || this.#trusted.has(source.ip)) return undefined;
    const principal = principalSubject({ ...actor, tenant });
    if (principal !== undefined) return principal;
    const value = addressKey(source.ip);
    // Everybody whose address could not be found out shares this one.
    return value === UNKNOWN_ADDRESS ? undefined : { kind: "ip", value };
  }

  /** One worker a subject, so that its violations are counted in order. */
  #startWork(): void {
    for (const [name, pending] of this.#waiting) {
      if (this.#working.size >= WORKERS) return;
      if (this.#working.has(name)) continue;
      this.#waiting.delete(name);
      const work = this.#punish(pending)
        .catch((error: unknown) => this.#options.report(error))
        .finally(() => {
          this.#working.delete(name);
          this.#startWork();
        });
      this.#working.set(name, work);
    }
  }

  async #punish({ subject, event, violations }: Pending): Promise<void> {
    const { bans } = this.#options;
    const { soft, hard, window } = this.#settings;
    const { entrance } = event.source;
    const standing = bans.find([subject], entrance);
    if (standing !== undefined && !isFurther(standing, event, soft)) return;
    let count = 0;
    for (let counted = 0; counted < Math.min(violations, hard.threshold); counted += 1) {
      count = await bans.violate(subject, window);
      // One burst does not lead past the soft ban, which nobody has been told of yet.
      if (count === soft.threshold) break;
    }
    const isHard = count >= hard.threshold;
    if (!isHard && (count < soft.threshold || standing !== undefined)) return;
    const ban = await bans.add({
      subject,
      reason: `${count} violations, the last one ${event.problem ?? event.name}`,
      duration: isHard ? hard.duration : soft.duration,
      violations: count,
      ...(isHard ? {} : { entrance }),
    });
    this.#announce(ban, event);
  }

  #announce(ban: Ban, cause: SecurityEvent): void {
    const { clock, ids } = this.#options;
    const { name, level } = events.source_banned;
    this.#options.events.emit({
      id: ids.next(),
      at: clock.now(),
      name,
      level,
      tenant: cause.tenant,
      actor: cause.actor,
      source: cause.source,
      action: cause.action,
      target: `${ban.subject.kind}:${ban.subject.value}`,
      outcome: "success",
      requestId: cause.requestId,
      context: {
        ban: ban.id,
        violations: ban.violations,
        minutes: Math.round((ban.expiresAt - ban.createdAt) / MINUTE),
        entrance: ban.entrance,
        cause: cause.problem,
      },
    });
  }
}
