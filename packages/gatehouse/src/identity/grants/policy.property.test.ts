import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { arriveAt, type KnownPlace, type Place } from "./place.ts";
import { createGrantPolicy, judgeMove, MOVE_DECISIONS, type MoveDecision } from "./policy.ts";

const decision = fc.constantFrom(...MOVE_DECISIONS);
const octet = fc.integer({ min: 0, max: 255 });
/** Few different values, so that places are often alike in part. */
const few = fc.integer({ min: 0, max: 2 });
const ipv4 = fc.tuple(fc.constant(203), few, few, octet).map((parts) => parts.join("."));
const ipv6 = fc.tuple(few, few, few, few).map((parts) => `2001:db8:${parts.join(":")}::1`);
const address = fc.oneof(ipv4, ipv6);
const place: fc.Arbitrary<Place> = fc.record(
  {
    device: fc.constantFrom("d1", "d2"),
    ip: address,
    agent: fc.constantFrom("Firefox on Linux", "Chrome on Android"),
    mobile: fc.boolean(),
    key: fc.constantFrom("k1", "k2"),
  },
  { requiredKeys: ["device", "ip", "agent", "mobile"] },
);
const prefixes = fc.record({ ipv4: fc.integer({ min: 1, max: 32 }), ipv6: fc.integer({ min: 1, max: 128 }) });
const options = fc.record({
  device: decision,
  subnet: decision,
  agent: decision,
  key: decision,
  allow: fc.uniqueArray(fc.constantFrom("203.0.0.0/16", "203.1.1.7/32", "2001:db8:1::/48"), { maxLength: 2 }),
  mobileNetworks: fc.boolean(),
});

/** All bits of an address, as text; which shares no line with the code. */
function bitsOf(ip: string): string {
  if (!ip.includes(":"))
    return ip
      .split(".")
      .map((part) => Number(part).toString(2).padStart(8, "0"))
      .join("");
  const [head = "", tail = ""] = ip.split("::");
  const front = head.split(":");
  const back = tail.split(":");
  const groups = [...front, ...Array<string>(8 - front.length - back.length).fill("0"), ...back];
  return groups.map((group) => Number.parseInt(group, 16).toString(2).padStart(16, "0")).join("");
}

function within(ip: string, network: string): boolean {
  const [base = "", length = ""] = network.split("/");
  const [left, right] = [bitsOf(ip), bitsOf(base)];
  return left.length === right.length && left.slice(0, Number(length)) === right.slice(0, Number(length));
}

type Policy = typeof options extends fc.Arbitrary<infer Value> ? Value : never;

interface Setting {
  readonly policy: Policy;
  readonly prefixes: { readonly ipv4: number; readonly ipv6: number };
}

/** The rule as the guide words it, one sentence after the other, with every place the grant was used from. */
function reference(history: readonly Place[], current: Place, { policy, prefixes: lengths }: Setting): MoveDecision {
  const last = history.at(-1);
  assert.ok(last !== undefined);
  const version = bitsOf(current.ip).length;
  const comparable = history.findLast(({ ip }) => bitsOf(ip).length === version);
  const length = version === 32 ? lengths.ipv4 : lengths.ipv6;
  const sameNetwork = comparable !== undefined && within(current.ip, `${comparable.ip}/${length}`);
  const allowed = policy.allow.some((network) => within(current.ip, network));
  const found: MoveDecision[] = [];
  const otherwise = last.device !== current.device || last.agent !== current.agent || last.key !== current.key;
  if (last.device !== current.device) found.push(policy.device);
  if (last.agent !== current.agent) found.push(policy.agent);
  if (last.key !== current.key) found.push(policy.key);
  if (!sameNetwork && !allowed) {
    const spared = policy.mobileNetworks && current.mobile && !otherwise && policy.subnet !== "ignore";
    found.push(spared ? "alert" : policy.subnet);
  }
  for (const strict of ["deny", "step_up", "alert"] as const) if (found.includes(strict)) return strict;
  return "ignore";
}

describe("judging where a grant is used from", () => {
  it("agrees with the rule as it is written down, whatever came before", () => {
    const history = fc.array(place, { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(history, place, options, prefixes, (before, current, policy, lengths) => {
        const known = before.reduce<KnownPlace | undefined>((previous, at) => arriveAt(at, previous), undefined);
        assert.ok(known !== undefined);
        const verdict = judgeMove(known, current, createGrantPolicy(policy, lengths));
        assert.equal(verdict.decision, reference(before, current, { policy, prefixes: lengths }));
      }),
      { numRuns: 2000 },
    );
  });

  it("never minds staying where one is", () => {
    fc.assert(
      fc.property(place, options, prefixes, (at, policy, lengths) => {
        const verdict = judgeMove(arriveAt(at), at, createGrantPolicy(policy, lengths));
        assert.deepEqual(verdict, { decision: "ignore", changes: [] });
      }),
    );
  });
});
