import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import type { AssetState, Principal, StorageTarget } from "gatehouse/kernel";
import { z } from "zod";
import type { GallerySite } from "./gallery-site.ts";
import { eventually } from "./workshop.ts";

const Answer = z.looseObject({ order: z.string().optional() });
/** An item that is held, as it is handed out. */
export const HeldItem = z.object({
  ...{ item: z.string(), order: z.string(), key: z.string(), lease: z.string(), epoch: z.int(), input: z.unknown() },
});
/** A plan, as the interfaces tell it. */
export const Plan = z.object({
  revision: z.int(),
  digest: z.string(),
  changes: z.array(
    z.object({
      action: z.string(),
      resource: z.object({ type: z.string(), id: z.string() }),
      before: z.unknown().optional(),
      after: z.unknown().optional(),
    }),
  ),
});
const Shown = z.object({ order: z.object({ state: z.string(), reason: z.string(), revision: z.int() }) });

/** What a photo is like. */
export interface PhotoWishes {
  readonly state?: AssetState;
  readonly reason?: string;
  /** Identifier of the guest who brought it. */
  readonly owner?: string;
  readonly type?: string;
  /** What is stored of it. Default: nothing. */
  readonly file?: string;
}

/** An item that is held. */
export type HeldItem = z.infer<typeof HeldItem>;

/** Orders of a gallery in this process, attempted by whoever is named. */
export class GalleryOrders {
  readonly #site: GallerySite;
  #keys = 0;

  constructor(site: GallerySite) {
    this.#site = site;
  }

  /** Attempts an action as the system's own somebody. */
  async attempt(who: string, action: string, input: object) {
    const { gate, ids, clock } = this.#site.gatehouse.services;
    const principal: Principal = { type: "system", id: who, tenant: "default", grants: new Set() };
    this.#keys += 1;
    return gate().attempt({
      ...{ id: ids.next(), entrance: "job", action, tenant: "default", receivedAt: clock.now(), input },
      peer: { ip: "127.0.0.1", tls: false },
      provenance: { kind: "internal" },
      credentials: [{ kind: "internal", principal }],
      idempotencyKey: `key-${this.#keys}-${who}`,
    });
  }

  async propose(type: string, input: object): Promise<string> {
    const outcome = await this.attempt("proposer", "work.propose", { type, input });
    assert.ok(outcome.ok, JSON.stringify(outcome));
    return Answer.parse(outcome.value).order ?? assert.fail();
  }

  async checkOut(order: string): Promise<readonly HeldItem[]> {
    const outcome = await this.attempt("agent", "work.checkout", { order, count: 50 });
    assert.ok(outcome.ok, JSON.stringify(outcome));
    return z.object({ items: z.array(HeldItem) }).parse(outcome.value).items;
  }

  submit({ item, lease, epoch }: HeldItem, result: unknown) {
    return this.attempt("agent", "work.submit", { item, lease, epoch, result });
  }

  /** Does all items of an order. */
  async finish(order: string, resultOf: (item: HeldItem) => unknown): Promise<void> {
    for (const item of await this.checkOut(order)) {
      const outcome = await this.submit(item, resultOf(item));
      assert.ok(outcome.ok, JSON.stringify(outcome));
    }
  }

  /** What an order would change, by its newest plan after a revision. */
  async plan(order: string, after = -1): Promise<z.infer<typeof Plan>> {
    await this.reaches(order, "awaiting_review", after);
    const outcome = await this.attempt("reviewer", "work.preview", { order });
    assert.ok(outcome.ok, JSON.stringify(outcome));
    return Plan.parse(outcome.value);
  }

  async approve(order: string, ...reviewers: readonly string[]): Promise<void> {
    const { revision, digest } = await this.plan(order);
    for (const who of reviewers.length === 0 ? ["reviewer"] : reviewers) {
      const outcome = await this.attempt(who, "work.approve", { order, revision, digest });
      assert.ok(outcome.ok, JSON.stringify(outcome));
    }
  }

  /** Waits until an order is in a state, or in it for a reason, with a plan after a revision. */
  async reaches(order: string, what: string, after = -1): Promise<void> {
    let last = "";
    const look = async (): Promise<boolean> => {
      const outcome = await this.attempt("reviewer", "work.get", { order });
      assert.ok(outcome.ok, JSON.stringify(outcome));
      const { state, reason, revision } = Shown.parse(outcome.value).order;
      last = `${state}: ${reason}, revision ${revision}`;
      return revision > after && (state === what || reason === what);
    };
    await eventually(look, `the order reaches ${what}`).catch((error: unknown) => {
      throw new Error(`It is ${last}.`, { cause: error });
    });
  }

  /** A photo that is there as the pipeline leaves one. */
  async photo(event: string, more: PhotoWishes = {}): Promise<string> {
    const { store, media } = this.#site.gatehouse.services;
    const { state = "published", reason = "", owner = "somebody", type = "image/jpeg" } = more;
    this.#keys += 1;
    const id = this.#keys.toString(16).padStart(32, "b");
    if (more.file !== undefined) await put(media.target, `0000/${id}/view`, Buffer.from(more.file));
    await store.write(async (transaction) => {
      await media.assets.add(transaction, {
        ...{ id, tenant: "default", collection: event, grant: { id: "grant", generation: 1 } },
        ...{ owner: { type: "guest", id: owner }, bytes: 10, name: "Mia in the garden.jpg" },
        ...{ declaredType: type, announcedSha256: undefined },
      });
      const findings = { type, width: 640, height: 480 };
      await media.assets.change(transaction, id, {
        from: ["received"],
        to: state,
        reason,
        findings,
        scannedBy: "test",
      });
      const form = { type, bytes: 10, sha256: "00", width: 640, height: 480 };
      await media.assets.setVariants(
        transaction,
        id,
        ["thumb", "view", "original"].map((name) => ({ ...form, name, key: `0000/${id}/${name}` })),
      );
    });
    return id;
  }

  /** What state a photo is in, and why. */
  async stateOf(photo: string): Promise<string | undefined> {
    const { store, media } = this.#site.gatehouse.services;
    const asset = await store.read((transaction) => media.assets.find(transaction, photo));
    return asset && [asset.state, asset.reason].filter(Boolean).join(": ");
  }

  /** Every row of a table, as text. */
  async rowsOf(table: string): Promise<string> {
    const text = `SELECT * FROM ${table}`;
    const { store } = this.#site.gatehouse.services;
    return JSON.stringify(await store.read((reading) => reading.execute({ sqlite: text, postgres: text }, [])));
  }
}

async function put(target: StorageTarget, key: string, content: Buffer): Promise<void> {
  const sha256 = createHash("sha256").update(content).digest("hex");
  const body = new Blob([new Uint8Array(content)]).stream();
  await target.put(key, { bytes: content.length, sha256, type: "image/jpeg", body });
}
