import type { SigningKey, SigningKeyState } from "../../kernel/ports/signing-keys.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** How signing keys follow each other. Times are milliseconds. */
export interface RotationPolicy {
  /** Algorithms there is always an active key of; the first is what clients get that ask for none. */
  readonly algorithms: readonly string[];
  /** How long a key signs. Default 90 days. */
  readonly activeFor: number;
  /** How long a key is published before it signs, so that whoever keeps the key set for a while knows it. Default a day. */
  readonly publishedFor: number;
  /** How long the longest-lived text that is signed stays valid, and what clocks may differ by. */
  readonly validFor: number;
}

/** Policy where nothing else is said: RS256, 90 days, published a day before, an hour and a minute of validity. */
export const ROTATION: RotationPolicy = {
  algorithms: ["RS256"],
  activeFor: 90 * DAY,
  publishedFor: DAY,
  validFor: HOUR + 60_000,
};

/** One thing to be done. */
export type RotationStep =
  | { readonly what: "create"; readonly algorithm: string; readonly state: "next" | "active" }
  | { readonly what: "move"; readonly kid: string; readonly from: SigningKeyState; readonly to: SigningKeyState };

/** What an operator wants besides what time wants. */
export interface RotationWish {
  /** `soon`: the next key signs once it was published long enough. `now`: at once, whoever does not know it yet. */
  readonly rotate?: "soon" | "now";
  /** The key of this name is known to somebody else. */
  readonly compromised?: string;
}

/**
 * What is to be done with the keys at a moment. Doing it, and asking again at any later moment, always leads to one
 * active key an algorithm, which was published long enough before unless there was none or an operator was in a hurry.
 */
export function planRotation(
  keys: readonly SigningKey[],
  { policy, now }: { readonly policy: RotationPolicy; readonly now: number },
  { rotate, compromised }: RotationWish = {},
): readonly RotationStep[] {
  const lost = keys.find(({ kid }) => kid === compromised);
  const steps: RotationStep[] = [];
  if (lost !== undefined && lost.state !== "compromised") {
    steps.push({ what: "move", kid: lost.kid, from: lost.state, to: "compromised" });
  }
  const left = keys.filter((key) => key !== lost);
  for (const algorithm of policy.algorithms) {
    const own = left.filter((key) => key.algorithm === algorithm);
    steps.push(...planAlgorithm(algorithm, { own, policy, now, rotate }));
  }
  for (const { kid, state, since, algorithm } of left) {
    const over = state === "retiring" && now >= since + policy.validFor;
    if (over) steps.push({ what: "move", kid, from: state, to: "pruned" });
    // Of an algorithm that is not used any more.
    if (policy.algorithms.includes(algorithm)) continue;
    if (state === "active") steps.push({ what: "move", kid, from: state, to: "retiring" });
    if (state === "next") steps.push({ what: "move", kid, from: state, to: "pruned" });
  }
  return steps;
}

/** When the published keys are next to change by themselves; in the past where that is due. `undefined`: never. */
export function nextChange(
  keys: readonly SigningKey[],
  { algorithms, activeFor, publishedFor, validFor }: RotationPolicy,
): number | undefined {
  const times = keys.flatMap(({ state, since, algorithm }) => {
    if (state === "retiring") return [since + validFor];
    if (!algorithms.includes(algorithm)) return [];
    if (state === "next") return [since + publishedFor];
    const followed = keys.some((other) => other.state === "next" && other.algorithm === algorithm);
    return state === "active" && !followed ? [since + activeFor - publishedFor] : [];
  });
  return times.length === 0 ? undefined : Math.min(...times);
}

interface AlgorithmPlan {
  readonly own: readonly SigningKey[];
  readonly policy: RotationPolicy;
  readonly now: number;
  readonly rotate: RotationWish["rotate"];
}

function planAlgorithm(algorithm: string, { own, policy, now, rotate }: AlgorithmPlan): RotationStep[] {
  const active = own.find(({ state }) => state === "active");
  const next = own.find(({ state }) => state === "next");
  if (active === undefined) {
    return next === undefined
      ? [{ what: "create", algorithm, state: "active" }]
      : [{ what: "move", kid: next.kid, from: "next", to: "active" }];
  }
  const due = rotate !== undefined || now >= active.since + policy.activeFor - policy.publishedFor;
  if (next === undefined) {
    if (!due) return [];
    if (rotate !== "now") return [{ what: "create", algorithm, state: "next" }];
    return [
      { what: "move", kid: active.kid, from: "active", to: "retiring" },
      { what: "create", algorithm, state: "active" },
    ];
  }
  const known = now >= next.since + policy.publishedFor;
  if (rotate !== "now" && !known) return [];
  return [
    { what: "move", kid: active.kid, from: "active", to: "retiring" },
    { what: "move", kid: next.kid, from: "next", to: "active" },
  ];
}
