import { readFileSync } from "node:fs";
import { defineApplication, type Application } from "gatehouse";
import { createStaticFiles, SINGLE_TENANT } from "gatehouse/http";
import { seedDemonstration } from "./demo.ts";
import { refusedPage } from "./event-page.ts";
import { createFrame } from "./frame.ts";
import { createGuestbook } from "./guestbook.ts";
import { createJoin, guestLinkTargets } from "./guest.ts";
import { likeButton } from "./like-button.ts";
import { createRoutes } from "./routes.ts";
import { galleryMigrations } from "./schema.ts";

const ASSETS = ["gallery.css", "icon.svg"];

/** The reference application: guestbooks and likes of events, for many tenants. */
export const gallery: Application = defineApplication({
  migrations: galleryMigrations,
  linkTargets: guestLinkTargets(SINGLE_TENANT),
  open: (services) => {
    const guestbook = createGuestbook(services);
    const join = createJoin(services);
    const assets = createStaticFiles(readAssets(), "/gallery/assets/");
    const frame = createFrame(services, assets);
    return {
      actions: [join],
      components: [guestbook, likeButton],
      routes: (live) => createRoutes({ services, live, frame, assets, join, guestbook, like: likeButton }),
      frame: ({ inbound, content, head, back }) =>
        frame(inbound, { title: "Please check what you entered", head, body: refusedPage({ content, back }) }),
      seed: () => seedDemonstration(services, SINGLE_TENANT),
    };
  },
});

function readAssets(): Map<string, Uint8Array> {
  return new Map(ASSETS.map((name) => [name, readFileSync(new URL(`./assets/${name}`, import.meta.url))]));
}
