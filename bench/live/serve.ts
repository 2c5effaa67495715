/**
 * One of the servers that are measured, in a process of its own:
 *
 * - `hono`: fragments for htmx from Hono on @hono/node-server; nothing is guarded, state is in memory.
 * - `liveviewjs`: on Express, over its web sockets; state is in memory.
 * - `gatehouse`, `gatehouse-sealed`: every guard on, state durable in the store, or sealed in the page with a durable version.
 *
 * With the word `browser`, Gatehouse runs its development profile, which a browser reaches without TLS and a proxy.
 * Each loads only what it needs, so that their memory can be compared.
 */
import { answerParent, serveHono, type Running } from "../support/served.ts";
import { ORIGIN } from "./origin.ts";

const [variant = "", reachedBy] = process.argv.slice(2);

async function guarded(mode: "store" | "sealed", dataDirectory: string): Promise<Running> {
  const { production, serveGuarded } = await import("../support/guarded-server.ts");
  const { guardedApplication } = await import("./guarded.ts");
  const config = production(ORIGIN, dataDirectory);
  const { limits } = config;
  const settings =
    reachedBy === "browser"
      ? ({
          profile: "development",
          dataDirectory,
          console: { enabled: false },
          live: { inspector: false },
          limits,
        } as const)
      : config;
  return serveGuarded(guardedApplication(mode), settings);
}

const variants: Readonly<Record<string, (directory: string) => Promise<Running>>> = {
  async hono() {
    const { fragments } = await import("./fragments.ts");
    return serveHono(fragments());
  },
  async liveviewjs() {
    // When it is imported it asks the internet for a list of media types, which it needs for uploads alone.
    globalThis.fetch = () => Promise.resolve(Response.json({}));
    const { serveLiveViews } = await import("./live-view.ts");
    return serveLiveViews();
  },
  gatehouse: (directory) => guarded("store", directory),
  "gatehouse-sealed": (directory) => guarded("sealed", directory),
};
const start = variants[variant];
if (start === undefined) throw new Error("There is no such server.");
await answerParent(start);
