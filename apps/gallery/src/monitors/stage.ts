import type { Services } from "gatehouse";
import { SINGLE_TENANT } from "gatehouse/http";
import {
  isDenial,
  pause,
  systemTimers,
  type AssetState,
  type MediaAsset,
  type MediaGrants,
  type MediaVariant,
} from "gatehouse/kernel";
import { expectThat, ProbeFailure, type Probe } from "gatehouse/monitor";
import { addEvent, removeEvent, type GalleryEvent } from "../events/events.ts";
import { MonitorGuest } from "./guest.ts";

/** What stages are set up with. */
export type StageParts = Pick<Services, "clock" | "ids" | "store" | "gate" | "guests" | "media" | "keyRing" | "random">;

/** No identifier of an event that people make begins like this. */
const PREFIX = "monitor-";
const MONITORS = { type: "system", id: "gallery-monitors" } as const;
const HOUR = 3_600_000;
/** Milliseconds a file may take from its last byte until it has been decided about. */
const PATIENCE = 40_000;
const LOOK_EVERY = 100;
const MOST_FILES = 100;
const ON_ITS_WAY: ReadonlySet<AssetState> = new Set(["received", "scanning", "clean"]);

/** Whether a collection is the event of a monitor. */
export function isStage({ collection }: { readonly collection: string }): boolean {
  return collection.startsWith(PREFIX);
}

/** Adds the grant by which monitors delete what they have brought. Nothing can be looked at by it. */
export function withMonitorGrants({ of, generation }: MediaGrants): MediaGrants {
  return {
    async of(transaction, holder) {
      const { principal, collection } = holder;
      if (principal.type !== MONITORS.type || principal.id !== MONITORS.id || !isStage({ collection }))
        return of(transaction, holder);
      return {
        ...{ id: collection, generation: 1, tenant: principal.tenant, collection },
        ...{ scopes: new Set(["moderate"] as const), quota: undefined, expiresAt: undefined },
      };
    },
    generation,
  };
}

/**
 * An event that one monitor has for itself while it runs: on no list, behind the closed door of events for invited
 * guests. At the end nothing of it is left, neither its photos nor what was counted of its join token.
 */
export class MonitorStage {
  readonly parts: StageParts;
  readonly collection: string;

  constructor(parts: StageParts, monitor: string) {
    this.parts = parts;
    this.collection = PREFIX + monitor;
  }

  /** Makes the event, and has a guest come in at the front door. */
  async open(probe: Probe): Promise<MonitorGuest> {
    const { store, ids, clock, guests } = this.parts;
    // What a run has left that was killed.
    await this.#clear();
    probe.defer(() => this.#clear());
    const { collection } = this;
    const slug = `${collection}-${ids.next()}`;
    const event: GalleryEvent = {
      ...{ id: collection, tenant: SINGLE_TENANT, slug, title: "Monitor", hosts: "-", place: "-", welcome: "" },
      ...{ heldOn: new Date(clock.now()).toISOString().slice(0, 10), visibility: "invited", approval: "none" },
    };
    const text = await store.write(async (transaction) => {
      await addEvent(transaction, event, clock.now());
      const token = await guests.book.create(transaction, {
        ...{ tenant: SINGLE_TENANT, collection, label: "Monitor", scopes: ["view", "upload", "download"] },
        ...{ kind: "once", lifetime: HOUR },
      });
      if (isDenial(token)) throw new ProbeFailure(token.detail ?? token.problem.message);
      return token.text;
    });
    return MonitorGuest.join(probe, { text, slug, collection });
  }

  /** Waits until a file is on its way no more. */
  async settled(probe: Probe, id: string): Promise<MediaAsset> {
    const { store, media, clock } = this.parts;
    const until = clock.monotonic() + PATIENCE;
    for (;;) {
      const asset = await store.read((transaction) => media.assets.find(transaction, id));
      expectThat(asset !== undefined, "What was uploaded is not there.");
      if (!ON_ITS_WAY.has(asset.state)) return asset;
      expectThat(clock.monotonic() < until, `After ${PATIENCE / 1000} s the file is still ${asset.state}.`);
      await pause(systemTimers, LOOK_EVERY, { signal: probe.signal });
    }
  }

  /** Waits until a file is published. */
  async published(probe: Probe, id: string): Promise<void> {
    const { state, reason } = await this.settled(probe, id);
    expectThat(state === "published", `The file is ${[state, reason].filter(Boolean).join(": ")}.`);
  }

  /** What is recorded of the forms of a file. */
  async variants(id: string): Promise<readonly MediaVariant[]> {
    const { store, media } = this.parts;
    return (await store.read((transaction) => media.assets.variants(transaction, [id]))).get(id) ?? [];
  }

  async #clear(): Promise<void> {
    const { store, media, guests, clock } = this.parts;
    const { collection } = this;
    const whose = { tenant: SINGLE_TENANT, collection, limit: MOST_FILES };
    const files = await store.read((transaction) => media.assets.list(transaction, whose));
    const until = clock.monotonic() + PATIENCE;
    for (const { id } of files) await this.#delete(id, until);
    await store.write(async (transaction) => {
      for (const token of await guests.tokens.list(transaction, whose)) await guests.book.forget(transaction, token);
      await removeEvent(transaction, { tenant: SINGLE_TENANT, id: collection });
    });
  }

  /** A file that is being looked at cannot be deleted; it can a moment later. */
  async #delete(asset: string, until: number): Promise<void> {
    const { gate, ids, clock } = this.parts;
    const principal = { ...MONITORS, tenant: SINGLE_TENANT, grants: new Set<string>() };
    for (;;) {
      const outcome = await gate().attempt({
        ...{ id: ids.next(), entrance: "job", action: "media.asset.delete", tenant: SINGLE_TENANT, input: { asset } },
        ...{ receivedAt: clock.now(), peer: { ip: "127.0.0.1", tls: false }, provenance: { kind: "internal" } },
        credentials: [{ kind: "internal", principal }],
      });
      if (outcome.ok) return;
      if (outcome.problem.code !== "STATE_CONFLICT" || clock.monotonic() > until)
        throw new ProbeFailure(`A file of the monitor could not be deleted: ${outcome.problem.code}.`);
      await pause(systemTimers, LOOK_EVERY);
    }
  }
}
