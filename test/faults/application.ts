import { gallery } from "@gatehouse/gallery";
import { defineApplication, defineConfig } from "gatehouse";
import { defineAction } from "gatehouse/kernel";
import { Hono } from "hono";
import { z } from "zod";

const provider = process.env["DRILL_PROVIDER"] ?? "";

/** Moves money at somebody else's: an effect outside of the store, named by the key of its one step. */
const charge = defineAction({
  name: "drill.charge",
  entrances: ["http"],
  effects: "external",
  authorise: "public",
  idempotency: { required: true },
  input: z.strictObject({ marker: z.string() }),
  run: async ({ input, stepKey }) => {
    const response = await fetch(`${provider}/charges`, {
      method: "POST",
      headers: { "idempotency-key": stepKey("charge") },
      body: input.marker,
      signal: AbortSignal.timeout(5_000),
    });
    if (!response.ok) throw new Error(`The provider answered ${response.status}.`);
    return { receipt: await response.text() };
  },
});

/** Changes nothing, so that nothing but the guards decides about it. Limited as every action is by default: 60 a minute. */
const look = defineAction({
  name: "drill.look",
  entrances: ["http"],
  effects: "none",
  authorise: "public",
  input: z.strictObject({}),
  run: async () => ({ seen: true }),
});

/** The gallery, an action with an effect outside of the store, and one without any. */
export const application = defineApplication({
  ...gallery,
  open: (services) => {
    const parts = gallery.open?.(services) ?? {};
    return {
      ...parts,
      actions: [...(parts.actions ?? []), charge, look],
      routes: async (live) => {
        const app = new Hono();
        app.post("/drill/charge", services.edge.action(charge));
        app.get("/drill/look", services.edge.action(look));
        const rest = await parts.routes?.(live);
        return rest === undefined ? app : app.route("/", rest);
      },
    };
  },
});

export default defineConfig({ profile: "development", server: { trustedProxies: ["127.0.0.1/32"] } });
