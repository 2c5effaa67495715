import { defineApplication, defineConfig } from "gatehouse";
import { html } from "gatehouse/html";
import { live, reply, type StateMode } from "gatehouse/live";
import { Hono } from "hono";
import { z } from "zod";

const Amount = z.object({ amount: z.int().min(1) });
const OFTEN = { authorise: "public", rateLimit: 100_000 } as const;

function tillOf(name: string, mode: StateMode) {
  return live(name, {
    mode,
    state: z.object({ coins: z.int().min(0), spent: z.int() }),
    mount: ({ previous }) => previous ?? { coins: 100, spent: 0 },
    actions: (action) => ({
      /** Meant for what the visitor has seen. */
      spend: action({ ...OFTEN, input: Amount }, ({ state }, { amount }) => ({
        coins: state.coins - amount,
        spent: state.spent + amount,
      })),
      /** Meant whatever there is. */
      earn: action({ ...OFTEN, input: Amount, commutes: true }, ({ state }, { amount }) => ({
        ...state,
        coins: state.coins + amount,
      })),
      look: action({ ...OFTEN, commutes: true }, () => reply({})),
    }),
    render: ({ state }) => html`<p>${state.coins} of ${state.coins + state.spent}</p>`,
  });
}

const till = tillOf("till", "store");
const purse = tillOf("purse", "sealed");

/** Money that must not be spent twice: kept in the store, and in the page. */
export const application = defineApplication({
  open: ({ edge }) => ({
    components: [till, purse],
    routes: (mounted) =>
      new Hono().get("/", async (context) => {
        const inbound = edge.of(context);
        const head = html`<meta charset="utf-8" /><title>Till</title>${mounted.head(inbound)}`;
        const body = [await mounted.mount(till, { inbound }), await mounted.mount(purse, { inbound })];
        return edge.page(inbound, html`<!doctype html><html lang="en"><head>${head}</head><body>${body}</body></html>`);
      }),
  }),
});

export default defineConfig({
  profile: "development",
  limits: { perIp: { limit: 100_000 } },
  server: { trustedProxies: ["127.0.0.1/32"] },
});
