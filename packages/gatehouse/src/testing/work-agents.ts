import assert from "node:assert/strict";
import { z } from "zod";
import type { Principal } from "../kernel/attempt.ts";
import { createIds } from "../kernel/ids.ts";
import { generateKeyMaterial } from "../kernel/key-material.ts";
import { createKeyRing } from "../kernel/key-ring.ts";
import { deny, type Outcome, type Success } from "../kernel/outcome.ts";
import type { Store } from "../kernel/ports/store.ts";
import type { WorkOrderKey } from "../kernel/ports/work-orders.ts";
import { systemRandom } from "../kernel/random.ts";
import { createSealer } from "../kernel/seal.ts";
import { systemTimers } from "../kernel/timers.ts";
import { createWorkHistory } from "../store/sql/work/history.ts";
import { createWorkLeases } from "../store/sql/work/leases.ts";
import { createWorkOrders } from "../store/sql/work/orders.ts";
import { createWorkParts } from "../store/sql/work/parts.ts";
import { createWorkPauses } from "../store/sql/work/pauses.ts";
import { createWorkSubjectKeys } from "../store/sql/work/subject-keys.ts";
import { createCheckoutActions } from "../work/checkout/actions.ts";
import type { CheckoutLimits, CheckoutParts } from "../work/checkout/checkout-parts.ts";
import type { CheckedOutItem } from "../work/checkout/checkout.ts";
import { defineOrderType, type AnyOrderType } from "../work/order-type.ts";
import { createOrderTypes } from "../work/order-types.ts";
import { workProblems } from "../work/problems.ts";
import { createWorkPayloads } from "../work/subject/payloads.ts";
import { createDeterministicRandom } from "./deterministic-random.ts";
import { createFakeClock, type FakeClock } from "./fake-clock.ts";
import { createTestGate, type TestAttempt, type TestGate } from "./gate-kit.ts";
import { WorkKit } from "./work-kit.ts";

/** What is configured in tests. */
const TEST_LIMITS: CheckoutLimits = {
  ...{ resultBytes: 4096, parts: 4, partBytes: 1024, lease: 600_000, beat: 120_000, hold: 86_400_000 },
  ...{ leasesPerAgent: 50, leasesPerTenant: Number.POSITIVE_INFINITY, retry: 60_000, retryJitter: 20_000 },
};

/** Captions of photos, which can be handed in whole or in pieces. */
export const captionType: AnyOrderType = defineOrderType({
  ...{ type: "caption.write", version: 1, title: "Write captions", description: "One caption for each photo." },
  input: z.strictObject({}),
  item: z.strictObject({ of: z.string() }),
  result: z.strictObject({ text: z.string().min(1), tags: z.array(z.unknown()).optional() }),
  items: () => [],
  parts: {
    schemas: { line: z.strictObject({ text: z.string() }), tag: z.string() },
    required: ["line"],
    assemble: ({ line = [], tag }) => ({
      text: line.map(({ text }) => text).join("\n"),
      ...(tag === undefined ? {} : { tags: [...tag] }),
    }),
  },
  validate: ({ result, item }) =>
    result.text.includes(item.key)
      ? []
      : [{ code: "not_about_it", message: "It does not name the photo.", field: "/text" }],
  preview: async () => undefined,
});

/** An agent with a token for executing work. */
export function workAgent(id: string, tenant = "acme", grants: readonly string[] = ["work:execute"]): Principal {
  return { type: "agent", id, tenant, grants: new Set(grants) };
}

/** What an action answers that has succeeded. */
export function valueOf<Value>(outcome: Outcome): Value {
  assert.ok(
    outcome.ok,
    outcome.ok ? "" : `${outcome.problem.code}: ${JSON.stringify(outcome.extensions ?? outcome.detail)}`,
  );
  // What the action answers is known to the test.
  return (outcome as Success<Value>).value;
}

/** Agents at the gate, with the actions of checking out and handing in. */
export interface WorkAgents extends AsyncDisposable {
  readonly gate: TestGate;
  readonly clock: FakeClock;
  readonly kit: WorkKit;
  readonly parts: CheckoutParts;
  readonly history: ReturnType<typeof createWorkHistory>;
  /** Orders whose last item was handed in. */
  readonly submitted: WorkOrderKey[];
  /** Attempts an action, under a key of its own where none is given. */
  attempt(action: string, as: Principal, input?: object, how?: TestAttempt): Promise<Outcome>;
  /** Attempts it and tells how it ended: `ok` or the code of the problem. */
  code(action: string, as: Principal, input?: object, how?: TestAttempt): Promise<string>;
  /** Checks items out. */
  checkout(as: Principal, input?: object): Promise<readonly CheckedOutItem[]>;
  /** Checks one item out, which has to be there, and tells what its holder shows. */
  take(
    as: Principal,
    input?: object,
  ): Promise<{ readonly item: string; readonly lease: string; readonly epoch: number }>;
}

/** Opens a gate with agents on it. */
export async function createWorkAgents(
  options: {
    readonly store?: Store;
    readonly clock?: FakeClock;
    readonly types?: readonly AnyOrderType[];
    readonly limits?: Partial<CheckoutLimits>;
    readonly tenant?: string;
  } = {},
): Promise<WorkAgents> {
  const { clock = createFakeClock(), types = [captionType], tenant = "acme" } = options;
  const submitted: WorkOrderKey[] = [];
  const ids = createIds(clock, systemRandom);
  const keyRing = createKeyRing(generateKeyMaterial(createDeterministicRandom("work"), clock));
  const sealer = createSealer({ keyRing, random: systemRandom, clock });
  const payloads = createWorkPayloads({ keys: createWorkSubjectKeys(), sealer, random: systemRandom });
  const parts: CheckoutParts = {
    ...{ orders: createWorkOrders({ ids }), leases: createWorkLeases({ ids }), parts: createWorkParts(), payloads },
    ...{
      pauses: createWorkPauses(),
      types: createOrderTypes(types),
      random: systemRandom,
      timers: systemTimers,
      // Nothing is heard: those who wait look for themselves.
      news: { hear: () => ({ [Symbol.dispose]: () => undefined }) },
      entrances: ["http", "mcp", "job"],
    },
    rules: {
      permit:
        (scope) =>
        ({ principal }) =>
          principal.grants.has(scope),
      stepUp: () => deny(workProblems.REVIEW_NEEDS_STEP_UP),
      limits: LIMITS,
    },
    limits: { ...TEST_LIMITS, ...options.limits },
    submitted: async (_transaction, order) => void submitted.push(order),
  };
  const store = options.store === undefined ? {} : { store: options.store };
  const gate = await createTestGate({ actions: createCheckoutActions(parts), clock, ...store });
  const kit = new WorkKit(gate.store, tenant);
  // oxlint-disable-next-line eslint/max-params -- who does what with what comes first; the last one is rarely there
  const attempt: WorkAgents["attempt"] = (action, as, input = {}, how = {}) =>
    gate.attempt(`work.${action}`, input, { as, tenant: as.tenant, key: gate.ids.next(), ...how });
  const code: WorkAgents["code"] = async (...asked) => {
    const outcome = await attempt(...asked);
    return outcome.ok ? "ok" : outcome.problem.code;
  };
  const checkout: WorkAgents["checkout"] = async (as, input) =>
    valueOf<{ readonly items: readonly CheckedOutItem[] }>(await attempt("checkout", as, input)).items;
  return {
    ...{ gate, clock, kit, parts, submitted, history: createWorkHistory(), attempt, code, checkout },
    async take(as, input) {
      const [{ item, lease, epoch } = assert.fail("There was nothing to check out.")] = await checkout(as, input);
      return { item, lease, epoch };
    },
    [Symbol.asyncDispose]: () => gate[Symbol.asyncDispose](),
  };
}

const LIMITS = [
  { name: "work", by: ["principal"], rule: { kind: "window", limit: 1_000_000, window: 60_000 } },
] as const;
