import type { EventContext, EventDefinition } from "../../kernel/event.ts";
import type { EventStream } from "../../kernel/event-stream.ts";
import type { Documents } from "../../kernel/ports/documents.ts";
import type { Leases } from "../../kernel/ports/leases.ts";
import type { Store } from "../../kernel/ports/store.ts";
import { pause, type Timers } from "../../kernel/timers.ts";
import { workEvents } from "../events.ts";
import { totalsOf } from "./find-action.ts";
import { lookForWork, type Discovery, type LookParts } from "./look.ts";
import type { Planner } from "./planner.ts";
import { plannerId } from "./planners.ts";

/** What has planners look by themselves. */
export interface ScheduleParts extends LookParts {
  readonly store: Pick<Store, "read" | "write">;
  readonly documents: Documents;
  readonly leases: Leases;
  readonly events: EventStream;
  readonly timers: Timers;
  /** Milliseconds for which one server has a look; if it ends without a word, another looks after that. Default 5 minutes. */
  readonly hold?: number;
  /** Receives what went wrong; the planner looks again when it is due. */
  readonly report: (error: unknown) => void;
}

const HOLD = 5 * 60_000;
/** Milliseconds between asking whether a look is due, at most: another server may have failed to look. */
const LONGEST_PAUSE = 60_000;
const LEAST_PAUSE = 1000;

/** Has each planner look whenever it is due, until disposed, which waits for the proposal under way. */
export function startPlanners(parts: ScheduleParts): AsyncDisposable {
  const stop = new AbortController();
  const loops = parts.planners.all().map((planner) => repeat(parts, planner, stop.signal));
  return {
    async [Symbol.asyncDispose]() {
      stop.abort();
      await Promise.all(loops);
    },
  };
}

async function repeat(parts: ScheduleParts, planner: Planner, signal: AbortSignal): Promise<void> {
  const { timers, report } = parts;
  while (!signal.aborted) {
    const wait = await lookIfDue(parts, planner, signal).catch((error: unknown) => {
      if (!signal.aborted) report(error);
      return LONGEST_PAUSE;
    });
    await pause(timers, Math.min(Math.max(wait, LEAST_PAUSE), LONGEST_PAUSE), { signal });
  }
}

/** Looks where that is due and no other server does; milliseconds until it is due again. */
export async function lookIfDue(parts: ScheduleParts, planner: Planner, signal: AbortSignal): Promise<number> {
  const { leases, ids, hold = HOLD } = parts;
  const wait = await timeLeft(parts, planner);
  if (wait > 0) return wait;
  const lease = await leases.acquire(plannerId(planner), ids.next(), hold);
  if (lease === undefined) return LEAST_PAUSE;
  try {
    // Whoever had the lease may have looked.
    const left = await timeLeft(parts, planner);
    if (left > 0) return left;
    await lookEverywhere(parts, planner, signal);
    if (!signal.aborted) await noteLook(parts, planner);
    return planner.every;
  } finally {
    await leases.release(lease);
  }
}

async function lookEverywhere(parts: ScheduleParts, planner: Planner, signal: AbortSignal): Promise<void> {
  const tenants = await parts.store.read(async (transaction) => planner.tenants(transaction));
  for (const tenant of tenants) {
    if (signal.aborted) return;
    try {
      tell(parts, tenant, await lookForWork(parts, { planner, tenant, signal }));
    } catch (error) {
      // The other tenants have their turn all the same.
      parts.report(error);
      const reason = error instanceof Error ? error.message : String(error);
      emit(parts, workEvents.work_planner_failed, { planner: planner.name, tenant, context: { reason } });
    }
  }
}

/** A look that came to nothing new is not worth an event: there is one every few minutes. */
function tell(parts: ScheduleParts, tenant: string, discovery: Discovery): void {
  const { planner, found, refused, more } = discovery;
  if (found.length + refused.length === 0) return;
  const [first] = refused;
  const why = first === undefined ? {} : { first: first.key, reason: first.reason };
  const context = { ...totalsOf([discovery]), more, ...why };
  emit(parts, workEvents.work_found, { planner, tenant, context });
}

interface Told {
  readonly planner: string;
  readonly tenant: string;
  readonly context: EventContext;
}

function emit({ events, ids, clock }: ScheduleParts, { name, level }: EventDefinition, told: Told): void {
  const { planner, tenant, context } = told;
  const id = ids.next();
  events.emit({
    ...{ id, at: clock.now(), name, level, tenant, requestId: id, action: "work.find", target: planner, context },
    ...{ actor: { type: "system", id: plannerId({ name: planner }) }, source: { entrance: "job" } },
    outcome: name === workEvents.work_planner_failed.name ? "error" : "success",
  });
}

/** Milliseconds until a planner is due. Whether it is, is judged by the clock of the store: the note of its last look expires. */
async function timeLeft({ store, documents, clock }: ScheduleParts, planner: Planner): Promise<number> {
  const note = await store.read((transaction) => documents.get(transaction, keyOf(planner)));
  // With another interval than it was written for, it says nothing.
  if (note?.expiresAt === undefined || note.body !== String(planner.every)) return 0;
  return Math.max(note.expiresAt - clock.now(), LEAST_PAUSE);
}

async function noteLook({ store, documents }: ScheduleParts, planner: Planner): Promise<void> {
  await store.write(async (transaction) => {
    const expected = (await documents.get(transaction, keyOf(planner)))?.version ?? 0;
    const expiresAt = (await transaction.now()) + planner.every;
    await documents.put(transaction, keyOf(planner), { expected, body: String(planner.every), expiresAt });
  });
}

function keyOf({ name }: Planner): { readonly kind: string; readonly tenant: string; readonly id: string } {
  return { kind: "work.planner", tenant: "-", id: name };
}
