import { readFileSync } from "node:fs";
import { defineApplication, type Application } from "gatehouse";
import { createStaticFiles, SINGLE_TENANT } from "gatehouse/http";
import { seedDemonstration } from "./demo.ts";
import { createEventForm } from "./events/event-form.ts";
import { refusedPage } from "./events/event-page.ts";
import { galleryMigrations } from "./events/schema.ts";
import { createFrame } from "./frame.ts";
import { createGuestbook } from "./guestbook/guestbook.ts";
import { likeButton } from "./guestbook/like-button.ts";
import { createJoin, guestLinkTargets } from "./guest.ts";
import { languages, texts } from "./language.ts";
import { examples } from "./playground/examples.ts";
import { createPlayground } from "./playground/playground.ts";
import { createRoutes } from "./routes.ts";

const ASSETS = ["gallery.css", "playground.css", "dialog.js", "icon.svg"];

/** The reference application: guestbooks and likes of events, for many tenants; and a playground of worked examples. */
export const gallery: Application = defineApplication({
  migrations: [...galleryMigrations, ...examples.flatMap(({ migrations = [] }) => migrations)],
  linkTargets: guestLinkTargets(SINGLE_TENANT),
  open: (services) => {
    const guestbook = createGuestbook(services);
    const eventForm = createEventForm(services);
    const join = createJoin(services);
    const assets = createStaticFiles(readAssets(), "/gallery/assets/");
    const signIn = services.identity?.relyingParty({ name: "gallery", title: "Gallery" });
    const frame = createFrame(services, { assets, signIn });
    const playground = createPlayground({ services, assets, frame });
    return {
      actions: [join, ...(signIn?.actions ?? [])],
      components: [guestbook, likeButton, eventForm, ...playground.components],
      routes(live) {
        const routes = createRoutes({ services, live, frame, assets, join, guestbook, like: likeButton, eventForm });
        routes.route("/", playground.routes(live));
        return signIn === undefined ? routes : routes.route("/", signIn.routes);
      },
      frame: (refused) => {
        const { inbound, content, head, back } = refused;
        const language = languages.of(inbound);
        const body = refusedPage({ content, back, language });
        return playground.refused(refused) ?? frame(inbound, { title: texts[language].checkForm, head, body });
      },
      seed: async () => {
        await seedDemonstration(services, SINGLE_TENANT);
        await playground.seed(SINGLE_TENANT);
      },
    };
  },
});

function readAssets(): Map<string, Uint8Array> {
  return new Map(ASSETS.map((name) => [name, readFileSync(new URL(`./assets/${name}`, import.meta.url))]));
}
