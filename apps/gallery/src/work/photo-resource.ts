import { isDenial, type AssetState, type Ids, type MediaAsset } from "gatehouse/kernel";
import { isBusy, type MediaServices } from "gatehouse/media";
import { defineResource, type WorkResource } from "gatehouse/work";
import type { OrderNews } from "./order-news.ts";

/** A photo or a video as orders know it. */
export interface PhotoSnapshot {
  /** Of the event. */
  readonly event: string;
  readonly state: AssetState;
  /** Why it is held or was refused. */
  readonly reason: string;
  readonly kind: "photo" | "video";
  /** Identifier of whoever brought it. */
  readonly broughtBy: string;
  /** Epoch milliseconds. */
  readonly receivedAt: number;
  /** The forms of it that are stored. */
  readonly forms: readonly string[];
}

/** What photos are read and changed with. */
export interface PhotoResourceParts {
  readonly media: Pick<MediaServices, "assets" | "desk">;
  readonly ids: Ids;
  readonly news: Pick<OrderNews, "photo">;
}

const REJECTED = "moderated: ";

/** Photos, changed as a host would: published, hidden, refused, erased. */
export function photoResource({ media, ids, news }: PhotoResourceParts): WorkResource<PhotoSnapshot> {
  const { assets, desk } = media;
  return defineResource<PhotoSnapshot>({
    type: "photo",
    label: (id, snapshot) =>
      snapshot === undefined ? `photo ${id}` : `${snapshot.kind} of ${new Date(snapshot.receivedAt).toISOString()}`,
    async read(transaction, { tenant, id }) {
      const asset = await assets.find(transaction, id);
      if (asset?.tenant !== tenant) return undefined;
      const forms = (await assets.variants(transaction, [id])).get(id) ?? [];
      return { ...snapshotOf(asset), forms: forms.map(({ name }) => name).toSorted() };
    },
    async write(transaction, { tenant, id }, snapshot) {
      const asset = await assets.find(transaction, id);
      if (asset?.tenant !== tenant) throw new Error(`There is no photo ${id} to be changed.`);
      // The job that has it in hands is done in a moment: this is tried again.
      if (isBusy(asset)) throw new Error(`The photo ${id} is being looked at.`);
      if (snapshot === undefined) await desk.erase(transaction, asset);
      else {
        const reason = snapshot.reason.startsWith(REJECTED) ? snapshot.reason.slice(REJECTED.length) : snapshot.reason;
        const denial = await desk.decide(transaction, { asset, decision: decisionOf(snapshot.state), reason });
        if (isDenial(denial)) throw new Error(`The photo ${id} cannot be ${snapshot.state}: ${denial.problem.code}`);
      }
      const isVisible = snapshot?.state === "published";
      const told = { id: ids.next(), tenant, collection: asset.collection, asset: id, isVisible };
      transaction.afterCommit(() => news.photo(told));
    },
  });
}

function snapshotOf(asset: MediaAsset): Omit<PhotoSnapshot, "forms"> {
  const { collection, state, reason, owner, receivedAt, findings } = asset;
  const kind = findings.type?.startsWith("video/") === true ? "video" : "photo";
  return { event: collection, state, reason, kind, broughtBy: owner.id, receivedAt };
}

function decisionOf(state: AssetState): "publish" | "hide" | "reject" {
  if (state === "published") return "publish";
  if (state === "held") return "hide";
  if (state === "rejected") return "reject";
  throw new TypeError(`No order brings a photo to the state ${state}.`);
}
