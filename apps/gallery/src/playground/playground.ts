import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { Hono } from "hono";
import type { Services } from "gatehouse";
import { html, type Html, type Renderable } from "gatehouse/html";
import type { Inbound, StaticFiles } from "gatehouse/http";
import { deny, problems } from "gatehouse/kernel";
import type { AnyLiveComponent, Live, RefusedContent } from "gatehouse/live";
import type { Frame } from "../frame.ts";
import type { Example } from "./example.ts";
import { examples } from "./examples.ts";
import { examplePage, indexPage, type Source } from "./pages.ts";

/** What the playground is made from. */
export interface PlaygroundParts {
  readonly services: Pick<Services, "edge" | "store" | "clock" | "ids" | "uploads">;
  readonly assets: StaticFiles;
  readonly frame: Frame;
}

/** The worked examples, opened. */
export interface Playground {
  readonly components: readonly AnyLiveComponent[];
  routes(live: Live): Hono;
  /** The page around a refused form of an example; `undefined` for other components. */
  refused(refused: RefusedContent): Promise<Html> | undefined;
  /** Fills the tables of the examples in development. */
  seed(tenant: string): Promise<void>;
}

interface Opened {
  readonly example: Example;
  readonly component: AnyLiveComponent;
  readonly sources: readonly Source[];
}

/** Opens the examples. */
export function createPlayground({ services, assets, frame }: PlaygroundParts): Playground {
  const { edge, store, clock, ids } = services;
  const stylesheet = html`<link rel="stylesheet" href="${assets.file("playground.css").path}" />`;
  const opened: readonly Opened[] = examples.map((example) => ({
    example,
    component: example.open(services),
    sources: sourcesOf(example, assets),
  }));
  const show = (inbound: Inbound, { example, sources }: Opened, parts: Shown): Promise<Html> => {
    const { head, content, refused } = parts;
    const script = example.script === undefined ? undefined : assets.file(example.script).path;
    const scripts = script && html`<script type="module" src=${script} nonce=${inbound.nonce}></script>`;
    const body = examplePage({ example, content, sources, refused });
    const title = refused ? "Please check what you entered" : `${example.title}, playground`;
    return frame(inbound, { title, head: html`${stylesheet}${head}${scripts}`, body });
  };
  return {
    components: opened.map(({ component }) => component),
    refused({ inbound, component: name, content, head }) {
      const found = opened.find(({ component }) => component.name === name);
      return found && show(inbound, found, { head, content, refused: true });
    },
    routes(live) {
      const app = new Hono();
      app.get("/playground", async (context) => {
        const inbound = edge.of(context);
        const page = { title: "Playground", head: stylesheet, body: indexPage(examples) };
        return edge.page(inbound, await frame(inbound, page));
      });
      app.get("/playground/:example", async (context) => {
        const inbound = edge.of(context);
        const found = opened.find(({ example }) => example.slug === context.req.param("example"));
        if (found === undefined) return edge.refuse(inbound, deny(problems.NOT_FOUND));
        const content = await live.mount(found.component, { inbound });
        return edge.page(inbound, await show(inbound, found, { head: live.head(inbound), content, refused: false }));
      });
      for (const { routes } of examples) if (routes !== undefined) app.route("/", routes(services));
      return app;
    },
    async seed(tenant) {
      const now = clock.now();
      await store.write(async (transaction) => {
        for (const { seed } of examples) await seed?.(transaction, { tenant, now, ids });
      });
    },
  };
}

interface Shown {
  readonly head: Renderable;
  readonly content: Renderable;
  readonly refused: boolean;
}

/** The source is the documentation: it is read once, from the file that runs. */
function sourcesOf({ source, script }: Example, assets: StaticFiles): Source[] {
  const path = fileURLToPath(source);
  const own = { name: basename(path), text: readFileSync(path, "utf8").trimEnd() };
  if (script === undefined) return [own];
  return [own, { name: script, text: new TextDecoder().decode(assets.file(script).bytes).trimEnd() }];
}
