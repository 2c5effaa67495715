import type { Clock } from "../kernel/clock.ts";
import type { EventContext, EventDefinition } from "../kernel/event.ts";
import type { EventStream } from "../kernel/event-stream.ts";
import type { Ids } from "../kernel/ids.ts";
import type { Documents } from "../kernel/ports/documents.ts";
import type { JoinTokenBucket, JoinTokenKey, JoinTokens, TenantChurn } from "../kernel/ports/join-tokens.ts";
import type { Store } from "../kernel/ports/store.ts";
import { nextAlert, type AlertLook, type AlertState } from "./alert-state.ts";
import { judgeChurn } from "./churn.ts";
import { guestEvents } from "./events.ts";
import { spikeThreshold, type BucketHits } from "./spikes.ts";
import { bucketAt, BUCKET } from "./usage.ts";

/** What alerts are made with. */
export interface JoinTokenAlertsParts {
  readonly tokens: JoinTokens;
  readonly documents: Documents;
  readonly store: Store;
  readonly events: EventStream;
  readonly ids: Ids;
  readonly clock: Clock;
  /** Hits in five minutes below which nothing is a spike. */
  readonly spikeFloor: number;
}

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** How far back weeks are compared. */
const HISTORY = 8 * 7 * DAY;
const TOKENS_AT_ONCE = 200;
const SPIKE = "join-token-spike";
const CHURN = "join-token-churn";
/** Milliseconds the state of an alert is remembered after the last look. */
const REMEMBERED = DAY;

interface Finding {
  readonly kind: string;
  readonly tenant: string;
  readonly id: string;
  readonly look: AlertLook;
  readonly begins: EventDefinition;
  readonly ends: EventDefinition;
  readonly context: EventContext;
}

/** A job that looks at what was counted and tells of spikes and of tokens that end too soon. */
export function createJoinTokenAlerts(parts: JoinTokenAlertsParts): (signal: AbortSignal) => Promise<void> {
  const alerts = new JoinTokenAlerts(parts);
  return (signal) => alerts.look(signal);
}

class JoinTokenAlerts {
  readonly #parts: JoinTokenAlertsParts;

  constructor(parts: JoinTokenAlertsParts) {
    this.#parts = parts;
  }

  async look(signal: AbortSignal): Promise<void> {
    const { store, tokens, clock } = this.#parts;
    // The last bucket that is complete, whatever is still in the memory of other servers.
    const start = bucketAt(clock.now() - BUCKET / 10) - BUCKET;
    // Of those that were used lately, so that the end of a spike is noticed, too.
    const range = { from: start - HOUR, to: start + BUCKET, limit: TOKENS_AT_ONCE };
    let after = "";
    while (!signal.aborted) {
      const used = await store.read((reading) => tokens.used(reading, { ...range, after }));
      for (const token of used) await this.#lookAtToken(token, start);
      const last = used.at(-1);
      if (last === undefined || used.length < TOKENS_AT_ONCE) break;
      after = last.id;
    }
    const churn = await store.read((reading) => tokens.churn(reading, { from: start - DAY, to: start + BUCKET }));
    for (const tenant of churn) await this.#lookAtTenant(tenant, start);
  }

  async #lookAtToken(key: JoinTokenKey, start: number): Promise<void> {
    const { store, tokens, spikeFloor: floor } = this.#parts;
    const { token, buckets } = await store.read(async (reading) => ({
      token: await tokens.find(reading, key),
      buckets: await tokens.usage(reading, key.id, { from: start - HISTORY, to: start + BUCKET }),
    }));
    if (token === undefined) return;
    const history = buckets.map(hitsOf);
    const since = Math.max(token.createdAt, start - HISTORY);
    const threshold = spikeThreshold(history, { start, since, floor });
    const hits = history.find((bucket) => bucket.start === start)?.hits ?? 0;
    await this.#settle({
      ...{ kind: SPIKE, ...key, begins: guestEvents.join_token_spike, ends: guestEvents.join_token_spike_over },
      look: { at: start, found: hits > threshold ? "alert" : hits <= threshold / 2 ? "calm" : "between" },
      context: { hits, threshold: Math.round(threshold), collection: token.collection },
    });
  }

  async #lookAtTenant({ tenant, ...counts }: TenantChurn, start: number): Promise<void> {
    const { ended, hits, hitsOnEnded } = counts;
    await this.#settle({
      ...{ kind: CHURN, tenant, id: "-", look: { at: start, found: judgeChurn(counts) } },
      ...{ begins: guestEvents.join_token_churn, ends: guestEvents.join_token_churn_over },
      context: { ended, hits, hits_on_ended: hitsOnEnded },
    });
  }

  /** One server of several wins the change of the state, and tells. */
  async #settle({ kind, tenant, id, look, ...finding }: Finding): Promise<void> {
    const { store, documents } = this.#parts;
    const key = { kind, tenant, id };
    const tell = await store.write(async (writing) => {
      const before = await documents.get(writing, key);
      // Only this job writes documents of these kinds.
      const known = before === undefined ? undefined : (JSON.parse(before.body) as AlertState);
      const { state, tell: told } = nextAlert(known, look);
      if (known?.open !== true && !state.open) return undefined;
      const expiresAt = (await writing.now()) + REMEMBERED;
      const change = { expected: before?.version ?? 0, body: JSON.stringify(state), expiresAt };
      return (await documents.put(writing, key, change)) === undefined ? undefined : told;
    });
    if (tell !== undefined) this.#emit(tenant, id, tell === "begin" ? finding.begins : finding.ends, finding.context);
  }

  // oxlint-disable-next-line eslint/max-params -- what happened to which token of which tenant, and how much
  #emit(tenant: string, id: string, { name, level }: EventDefinition, context: EventContext): void {
    const { events, ids, clock } = this.#parts;
    const now = ids.next();
    events.emit({
      ...{ id: now, at: clock.now(), name, level, tenant, requestId: now, context },
      actor: { type: "system", id: "join-token-alerts" },
      source: { entrance: "job" },
      action: "join-tokens.alerts",
      ...(id === "-" ? {} : { target: id }),
      outcome: "success",
    });
  }
}

function hitsOf({ start, views, joins, uploads }: JoinTokenBucket): BucketHits {
  return { start, hits: views + joins + uploads };
}
