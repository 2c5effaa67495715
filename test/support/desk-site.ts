import assert from "node:assert/strict";
import type { Services } from "gatehouse";
import { defineOrderType, defineResource } from "gatehouse/work";
import { z } from "zod";
import { openWorkSite, type Answer, type WorkSite } from "./work-site.ts";

const Photo = z.object({ title: z.string(), caption: z.string(), place: z.string(), guest: z.string() });
/** A photo as orders change it. */
export type Photo = z.infer<typeof Photo>;

const Held = z.object({
  items: z.array(z.object({ item: z.string(), key: z.string(), lease: z.string(), epoch: z.int() })),
});
const Ordered = z.object({ order: z.string() });

/** What an agent hands in of one photo. */
export interface Caption {
  readonly caption: string;
  readonly evidence?: readonly { readonly title: string; readonly text?: string; readonly url?: string }[];
  readonly notes?: string;
}

/** What is asked for. */
export interface CaptionWish {
  readonly captions: Readonly<Record<string, Caption>>;
  readonly title?: string;
  readonly risk?: "low" | "medium" | "high";
  readonly subject?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A server with photos, an agent that writes captions for them, and operators who review what it writes. */
export class DeskSite implements AsyncDisposable {
  readonly site: WorkSite;
  readonly #services: Services;
  readonly #token: string;
  #keys = 0;

  private constructor(site: WorkSite, services: Services, token: string) {
    this.site = site;
    this.#services = services;
    this.#token = token;
  }

  static async open(): Promise<DeskSite> {
    const limit = 1_000_000;
    const opened: { services?: Services } = {};
    const site = await openWorkSite({ work: { limits: { address: { limit }, agent: { limit } } } }, (services) => {
      opened.services = services;
      return [captions(services)];
    });
    const token = await site.token({ at: "rest", scope: "work:read work:propose work:execute" });
    return new DeskSite(site, opened.services ?? assert.fail(), token);
  }

  get url(): string {
    return this.site.origin;
  }

  /** The path of a link into the console. */
  async door(): Promise<string> {
    const outcome = await this.site.gatehouse.operate("links.issue", { purpose: "console" });
    assert.ok(outcome.ok);
    return z.object({ path: z.string() }).parse(outcome.value).path;
  }

  async setPhoto(id: string, photo: Partial<Photo> = {}): Promise<void> {
    const old = (await this.photo(id)) ?? {
      title: id,
      caption: "none yet",
      place: "by the lake",
      guest: "Ada Lovelace",
    };
    await this.#services.store.write((transaction) =>
      photos(this.#services).write(transaction, { tenant: "default", id }, { ...old, ...photo }),
    );
  }

  photo(id: string): Promise<Photo | undefined> {
    return this.#services.store.read((reading) => photos(this.#services).read(reading, { tenant: "default", id }));
  }

  /** Proposes an order as an agent does, and hands in captions for it; its identifier. */
  async order(wish: CaptionWish): Promise<string> {
    const { captions: wanted, title, risk = "medium", subject, headers = {} } = wish;
    const input = { photos: Object.keys(wanted), risk, ...(subject === undefined ? {} : { subject }) };
    const proposal = { type: "captions.write", input, ...(title === undefined ? {} : { title }) };
    const { order } = Ordered.parse(await this.#post("/propose", proposal, headers));
    await this.work(order, wanted, headers);
    return order;
  }

  /** Works off what is queued of an order. */
  async work(order: string, wanted: CaptionWish["captions"], headers: CaptionWish["headers"] = {}): Promise<void> {
    const { items } = Held.parse(await this.#post(`/orders/${order}/checkout`, { count: 50 }, headers));
    for (const { item, key, lease, epoch } of items) {
      const { caption, ...more } = wanted[key] ?? assert.fail(key);
      await this.#post(`/items/${item}/submit`, { lease, epoch, result: { caption }, ...more }, headers);
    }
    await this.until(order, "awaiting_review");
  }

  /** Resolves once an order is in a state, or in it for a reason. */
  async until(order: string, wanted: string): Promise<void> {
    for (const deadline = performance.now() + 20_000; performance.now() < deadline;) {
      const { json } = await this.site.send(`/api/work/orders/${order}`, { token: this.#token });
      const { state, reason } = z
        .object({ order: z.looseObject({ state: z.string(), reason: z.string() }) })
        .parse(json).order;
      if (state === wanted || reason === wanted) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assert.fail(`The order never was ${wanted}.`);
  }

  /** Approves the newest plan of an order from elsewhere. */
  async approveElsewhere(order: string): Promise<void> {
    const { json } = await this.site.send(`/api/work/orders/${order}/plan`, { token: this.#token });
    const { revision, digest } = z.object({ revision: z.int(), digest: z.string() }).parse(json);
    const approved = await this.site.gatehouse.operate("work.approve", { order, revision, digest });
    assert.ok(approved.ok, JSON.stringify(approved));
  }

  async #post(path: string, body: object, headers: Readonly<Record<string, string>>): Promise<Answer["json"]> {
    this.#keys += 1;
    const all = { "idempotency-key": `key-${this.#keys}`, ...headers };
    const { status, json } = await this.site.send(`/api/work${path}`, { token: this.#token, body, headers: all });
    assert.ok(status < 300, JSON.stringify(json));
    return json;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.site[Symbol.asyncDispose]();
  }
}

function photos({ documents }: Services) {
  return defineResource<Photo>({
    type: "photo",
    label: (id, photo) => photo?.title ?? id,
    sensitive: ["guest"],
    async read(transaction, { tenant, id }) {
      const found = await documents.get(transaction, { kind: "test-photo", tenant, id });
      return found && Photo.parse(JSON.parse(found.body));
    },
    async write(transaction, { tenant, id }, photo) {
      const key = { kind: "test-photo", tenant, id };
      if (photo === undefined) return documents.delete(transaction, key);
      const found = await documents.get(transaction, key);
      await documents.put(transaction, key, { expected: found?.version ?? 0, body: JSON.stringify(photo) });
    },
  });
}

function captions(services: Services) {
  const photo = photos(services);
  const day = 86_400_000;
  return defineOrderType({
    ...{ type: "captions.write", version: 1, title: "Write captions" },
    description: "Writes what is to be read below photos.",
    input: z.strictObject({
      photos: z.array(z.string()).max(50),
      risk: z.enum(["low", "medium", "high"]),
      subject: z.string().optional(),
    }),
    item: z.strictObject({ photo: z.string() }),
    result: z.strictObject({ caption: z.string().max(20_000) }),
    risk: ({ risk }) => risk,
    review: { high: { approvals: 2, stepUp: false, expires: day } },
    subject: ({ subject }) => subject,
    resources: [photo],
    items: ({ input }) => input.photos.map((id) => ({ key: id, input: { photo: id } })),
    async preview(space, { items }) {
      for (const { key, result } of items)
        await space.update(photo, key, { caption: result.caption }, { sources: [key] });
    },
  });
}
