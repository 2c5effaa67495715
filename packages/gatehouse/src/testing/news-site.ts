import { Hono } from "hono";
import { z } from "zod";
import type { Application } from "../assembly/application.ts";
import { html, type Html } from "../html/html.ts";
import type { Edge } from "../http/edge.ts";
import type { Inbound } from "../http/inbound.ts";
import type { ConfigInput } from "../kernel/config.ts";
import { live } from "../live/component.ts";
import type { Live } from "../live/live.ts";
import { startRealtimeSite, type RealtimeSite } from "./realtime-site.ts";

/** A site with rooms and live components, whose news travel over connections. */
export interface NewsSite extends RealtimeSite {
  /** Has the boards of a tenant show another number, and tells of it. */
  change(tenant?: string): void;
}

/** How the site differs. */
export interface NewsSiteOptions {
  readonly settings?: ConfigInput;
  readonly tenant?: Application["tenant"];
  /** Served at `/page.js`, which every page loads. */
  readonly script?: string;
  /** What boards show at first. Default 0. */
  readonly shown?: number;
}

/** Starts a site whose page at `/board` has a board, and several with `?boards=3`. */
export async function startNewsSite(options: NewsSiteOptions = {}): Promise<NewsSite> {
  const { settings = {}, tenant, script = "" } = options;
  let { shown = 0 } = options;
  let pages: Live | undefined;
  const board = live("board", {
    state: z.object({ number: z.number() }),
    mount: () => ({ number: shown }),
    topics: () => ["board"],
    actions: () => ({}),
    render: ({ state }) => html`<p class="number">${state.number}</p>`,
  });
  const mountAll = async (inbound: Inbound): Promise<Html[]> => {
    const count = Number(inbound.url.searchParams.get("boards") ?? 1);
    const instances = Array.from({ length: count }, (_, index) => (index === 0 ? "main" : `board${index}`));
    return Promise.all(instances.map(async (instance) => (await pages?.mount(board, { inbound, instance })) ?? html``));
  };
  const routesOf = (edge: Edge): Hono =>
    new Hono()
      .get("/page.js", () => new Response(script, { headers: { "content-type": "text/javascript" } }))
      .get("/board", async (context) => {
        const inbound = edge.of(context);
        return edge.page(inbound, pageOf(inbound, pages?.head(inbound), await mountAll(inbound)));
      });
  const site = await startRealtimeSite({
    settings: { live: { push: "realtime" }, limits: { trustedCidrs: ["127.0.0.1/32"] }, ...settings },
    application: {
      ...(tenant === undefined ? {} : { tenant }),
      open: ({ edge }) => ({
        components: [board],
        routes: (mounted) => {
          pages = mounted;
          return routesOf(edge);
        },
      }),
    },
  });
  return {
    ...site,
    change: (of = "default") => {
      shown += 1;
      pages?.publish(of, "board");
    },
  };
}

function pageOf({ nonce }: Inbound, head: Html | undefined, boards: readonly Html[]): Html {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <title>Boards</title>
        <link rel="icon" href="data:," />
        ${head}
        <script nonce="${nonce}" type="module" src="/page.js"></script>
      </head>
      <body>
        ${boards}
      </body>
    </html>`;
}
