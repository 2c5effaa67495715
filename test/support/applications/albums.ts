import { defineApplication, defineConfig } from "gatehouse";
import { html } from "gatehouse/html";
import { Hono } from "hono";
import { album } from "../album.ts";

/** One page with an album. */
export const application = defineApplication({
  open: ({ edge }) => ({
    components: [album],
    routes: (live) =>
      new Hono().get("/", async (context) => {
        const inbound = edge.of(context);
        const content = await live.mount(album, { inbound });
        const head = html`<meta charset="utf-8" /><title>Albums</title>${live.head(inbound)}`;
        return edge.page(
          inbound,
          html`<!doctype html><html lang="en"><head>${head}</head><body>${content}</body></html>`,
        );
      }),
  }),
});

export default defineConfig({ profile: "development", console: { enabled: false } });
