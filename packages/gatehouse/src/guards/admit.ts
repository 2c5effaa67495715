import type { AddressBounds } from "../kernel/action.ts";
import { carriesSession, initiatingPage, type Attempt } from "../kernel/attempt.ts";
import type { Clock } from "../kernel/clock.ts";
import { events } from "../kernel/events.ts";
import type { Guard, GuardStep, Passage } from "../kernel/guard.ts";
import { rememberedFingerprint, type KeyRing } from "../kernel/key-ring.ts";
import { deny, type Denial } from "../kernel/outcome.ts";
import type { Ban, Bans } from "../kernel/ports/bans.ts";
import type { Counters, Decision, LimitCheck, LimitRule, Reservation } from "../kernel/ports/counters.ts";
import { problems } from "../kernel/problems.ts";
import { addressKey, createAddressRanges, type AddressRanges } from "./address.ts";
import { limitDenial } from "./limit.ts";
import { retryAfterSeconds } from "./limit-headers.ts";
import type { WindowSetting } from "./limit-policies.ts";

/** What admission is built from. */
export interface AdmitOptions {
  readonly bans: Pick<Bans, "find">;
  /** Counters in this process are enough and cost no round trip: these limits only have to be coarse. */
  readonly counters: Counters;
  readonly keyRing: KeyRing;
  readonly clock: Clock;
  /** Ranges whose callers are neither refused nor limited. */
  readonly trustedCidrs?: readonly string[];
  /** Attempts of all kinds from one address (IPv6: one /64). Default 300 in 60,000 ms. */
  readonly perIp?: WindowSetting;
  /** Attempts from one address that may be under way at once. Default 100. */
  readonly concurrentPerIp?: number;
}

const PER_IP: WindowSetting = { limit: 300, window: 60_000 };
const CONCURRENT_PER_IP = 100;
/** Milliseconds after which a slot nobody has given back frees itself. */
const SLOT_LIFETIME = 300_000;
/** Addresses whose key is kept at hand. */
const REMEMBERED = 4096;
/** How many times as much the guests of one join token may do together at one address: a whole event comes from there. */
const GUESTS = 10;
const ADDRESS_POLICY = "address";
const SLOTS_POLICY = "address-concurrency";

/**
 * Turns away what is not worth looking at, before anything expensive: banned addresses (`SOURCE_BANNED`, 403), then
 * addresses with too many attempts in a window or at once (429). A ban costs one look-up in memory. Addresses that
 * cannot be read share one bucket.
 *
 * Strangers get an address banned from an entrance easily, and many people may share it. So whoever comes with a
 * session goes on in spite of such a ban; the guard `admit-principal` refuses them if nobody has signed in to it. For the
 * same reason callers who are known are counted each for themselves, and those with a join token together: strangers
 * at their address use up nothing of theirs. Connections are counted when they are opened, not at each of their commands.
 */
export function admitGuard(options: AdmitOptions): Guard {
  const trusted = createAddressRanges(options.trustedCidrs ?? []);
  const held = new WeakMap<Passage, Reservation>();
  const fingerprint = rememberedFingerprint(options.keyRing, "limit", REMEMBERED);
  const settings = {
    fingerprint,
    ...rulesOf(options, 1),
    guests: rulesOf(options, GUESTS),
  };
  return {
    name: "admit",
    phase: "admit",
    modes: ["enforce", "shadow", "off"],
    // Jobs are the system's own work and come from no address.
    compile(action, entrance) {
      if (entrance === "job") return undefined;
      const { name, perAddress } = action;
      const own = perAddress === undefined ? undefined : ownRules(perAddress);
      const apart = own === undefined ? {} : { ...own, guests: own, action: name };
      return admitStep({ ...options, ...settings, ...apart, trusted, held });
    },
  };
}

function ownRules({ limit, window, atOnce }: AddressBounds): AdmitRules {
  return {
    window: Object.freeze<LimitRule>({ kind: "window", limit, window }),
    slots: Object.freeze<LimitRule>({ kind: "concurrency", limit: atOnce, window: SLOT_LIFETIME }),
  };
}

interface AdmitRules {
  readonly window: LimitRule;
  readonly slots: LimitRule;
}

function rulesOf({ perIp = PER_IP, concurrentPerIp = CONCURRENT_PER_IP }: AdmitOptions, share: number): AdmitRules {
  return {
    window: Object.freeze<LimitRule>({ ...perIp, kind: "window", limit: perIp.limit * share }),
    slots: Object.freeze<LimitRule>({ kind: "concurrency", limit: concurrentPerIp * share, window: SLOT_LIFETIME }),
  };
}

interface AdmitParts extends AdmitOptions, AdmitRules {
  /** For those with a join token. */
  readonly guests: AdmitRules;
  /** The action whose attempts are counted apart from all others. */
  readonly action?: string;
  readonly trusted: AddressRanges;
  readonly fingerprint: (...parts: readonly string[]) => string;
  readonly held: WeakMap<Passage, Reservation>;
}

function admitStep(parts: AdmitParts): GuardStep {
  const { counters, clock, window, slots, held } = parts;

  function settle(passage: Passage, { admitted, states, reservation }: Decision): Denial | undefined {
    if (!admitted) return limitDenial(states, (policy) => policy === SLOTS_POLICY, clock.now());
    if (reservation !== undefined) held.set(passage, reservation);
    return undefined;
  }

  return {
    guard: "admit",
    phase: "admit",
    summary: `bans, ${window.limit} in ${window.window / 1000} s and ${slots.limit} at once by ip`,
    enter(passage) {
      const { attempt } = passage;
      if (attempt.provenance.kind === "internal" || parts.trusted.has(attempt.peer.ip)) return undefined;
      const address = addressKey(attempt.peer.ip);
      const ban = parts.bans.find([{ kind: "ip", value: address }], attempt.entrance);
      const maybeSomebody = ban?.entrance !== undefined && (carriesSession(attempt) || attempt.known !== undefined);
      if (ban !== undefined && !maybeSomebody) return bannedDenial(ban, clock.now());
      // Its address was counted when the connection was opened, and the connection has a budget of its own.
      if (attempt.entrance === "realtime" && attempt.provenance.kind === "connection") return undefined;
      const decision = counters.take(checksOf(parts, attempt, address));
      return decision instanceof Promise ? decision.then((taken) => settle(passage, taken)) : settle(passage, decision);
    },
    leave(passage) {
      const reservation = held.get(passage);
      if (reservation === undefined) return undefined;
      held.delete(passage);
      return counters.release({
        ...reservation,
        checks: reservation.checks.filter(({ rule }) => rule.kind === "concurrency"),
      });
    },
  };
}

/** What tells an attempt from those of strangers at its address. */
function apart({ provenance, known }: Attempt): string[] {
  // What foreign pages make a visitor's browser send does not use up what the visitor may send.
  if (initiatingPage(provenance) === "foreign") return ["foreign"];
  return known === undefined ? [] : [known.by, known.id];
}

function checksOf(parts: AdmitParts, attempt: Attempt, address: string): LimitCheck[] {
  const own = parts.action === undefined ? [] : [parts.action];
  const key = parts.fingerprint(ADDRESS_POLICY, [address, ...apart(attempt)].join(" "), ...own);
  const { window, slots } = attempt.known?.by === "invitation" ? parts.guests : parts;
  return [
    { policy: ADDRESS_POLICY, key, rule: window, cost: 1 },
    { policy: SLOTS_POLICY, key: `${key}-slots`, rule: slots, cost: 1 },
  ];
}

/** The denial of a banned source, with the time it lasts. */
export function bannedDenial(ban: Ban, now: number): Denial {
  return deny(problems.SOURCE_BANNED, {
    retryAfter: retryAfterSeconds(ban.expiresAt - now),
    event: events.source_ban_refused,
    context: { ban: ban.id, reason: ban.reason },
  });
}
