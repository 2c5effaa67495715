import assert from "node:assert/strict";
import { listen } from "gatehouse/http";
import { z } from "zod";
import { GalleryOrders } from "./gallery-orders.ts";
import { openGallery } from "./gallery-site.ts";

const SCOPES = ["work:read", "work:propose", "work:execute"];
const Client = z.object({ id: z.string(), secret: z.string() });
const CONTENT = "ten bytes.";

/** The gallery in this process, where agents reach it. */
export interface WorkingGallery extends AsyncDisposable {
  readonly origin: string;
  readonly orders: GalleryOrders;
  /** The credentials of an agent of its own. */
  client(): Promise<z.infer<typeof Client>>;
  /** An event with photos that wait for a host. */
  eventWithPhoto(count?: number): Promise<{ readonly slug: string }>;
  /** Ends the lease on an item, as its time does. */
  loseLease(item: string): Promise<void>;
}

/** Opens it. Beats are asked for every second. */
export async function openWorkingGallery(): Promise<WorkingGallery> {
  const site = await openGallery({
    identity: { enabled: true, algorithms: ["ES256"] },
    limits: { trustedCidrs: ["127.0.0.1/32"] },
    work: { leases: { beat: "1s" }, items: { retry: "1s", retryJitter: "0ms" } },
  });
  const listening = await listen({ handler: site.gatehouse.handler, port: 0 });
  const origin = `http://localhost:${listening.port}`;
  site.gatehouse.listensAt(origin);
  const orders = new GalleryOrders(site);
  let slugs = 0;
  return {
    ...{ origin, orders },
    async client() {
      const resources = Object.fromEntries([`${origin}/mcp`, `${origin}/api/work`].map((url) => [url, SCOPES]));
      const settings = { name: "Agent", grantTypes: ["client_credentials"], resources };
      return Client.parse(await site.operate("clients.create", settings));
    },
    async eventWithPhoto(count = 1) {
      slugs += 1;
      const slug = `working-${slugs}`;
      const id = await site.event(slug);
      for (let number = 0; number < count; number += 1) {
        const photo = await orders.photo(id, { state: "held", reason: "moderation", file: CONTENT });
        assert.equal(await orders.stateOf(photo), "held: moderation");
      }
      return { slug };
    },
    async loseLease(item) {
      await site.change("UPDATE work_leases SET until = 1 WHERE item_id = ?1", [item]);
    },
    async [Symbol.asyncDispose]() {
      await listening.close({ grace: 200 });
      await site[Symbol.asyncDispose]();
    },
  };
}
