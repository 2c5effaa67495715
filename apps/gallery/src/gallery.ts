import { readFileSync } from "node:fs";
import { defineApplication, type Application } from "gatehouse";
import { createStaticFiles, SINGLE_TENANT } from "gatehouse/http";
import { seedDemonstration } from "./demo.ts";
import { createEventForm } from "./events/event-form.ts";
import { refusedPage } from "./events/event-page.ts";
import { galleryMigrations } from "./events/schema.ts";
import { createFrame } from "./frame.ts";
import { createGuestbook } from "./guestbook/guestbook.ts";
import { createLikeButton } from "./guestbook/like-button.ts";
import { languages, texts } from "./language.ts";
import { examples } from "./playground/examples.ts";
import { createPlayground } from "./playground/playground.ts";
import { createInvitationList } from "./invitations/invitation-list.ts";
import { createPrintAction } from "./invitations/print-action.ts";
import { createApiActions } from "./api/api-actions.ts";
import { findEventById } from "./events/events.ts";
import { hostGrants } from "./events/viewer.ts";
import { createDownloadAction } from "./photos/download-action.ts";
import { galleryMonitors } from "./monitors/monitors.ts";
import { isStage, withMonitorGrants } from "./monitors/stage.ts";
import { followPhotos } from "./photos/news.ts";
import { createPhotoGrid } from "./photos/photo-grid.ts";
import { Pages } from "./pages.ts";
import { createRefusalPages } from "./refusals.ts";
import { createRoutes } from "./routes.ts";
import { createAnnounceAction } from "./wall/announce-action.ts";
import { followPhotosOnWalls } from "./wall/wall-news.ts";
import { createWall } from "./wall/wall.ts";
import { createGalleryWork } from "./work/gallery-work.ts";
import { followOrders } from "./work/follow-orders.ts";
import { createLookAction } from "./work/look-action.ts";
import { OrderNews } from "./work/order-news.ts";
import { forgetCaptions } from "./captions/forget-captions.ts";
import { createDescribeAction } from "./captions/describe-action.ts";
import { createEnter, guestLinkTargets } from "./welcome/one-time.ts";

const FILES = ["gallery.css", "playground.css", "wall.css", "dialog.js", "icon.svg"];
/** Made of `wall/page`, with the client of actors in it. */
const WALL_SCRIPT = new URL("../dist/wall.js", import.meta.url);

const assets = createStaticFiles(readAssets(), "/gallery/assets/");

/** The reference application: guestbooks and likes of events, for many tenants; and a playground of worked examples. */
export const gallery: Application = defineApplication({
  problems: createRefusalPages(assets),
  migrations: [...galleryMigrations, ...examples.flatMap(({ migrations = [] }) => migrations)],
  linkTargets: guestLinkTargets(SINGLE_TENANT),
  open: (services) => {
    const { guests, media } = services;
    const guestbook = createGuestbook({ ...services, grants: media.grants });
    const like = createLikeButton(media);
    const eventForm = createEventForm(services);
    const list = createInvitationList(guests);
    const print = createPrintAction(guests);
    const enter = createEnter({ services, guests });
    const photos = createPhotoGrid(media, media.grants);
    const download = createDownloadAction(media, guests);
    const api = createApiActions({ media, guests });
    const news = new OrderNews();
    const pageActions = {
      announce: createAnnounceAction(services),
      describe: createDescribeAction(media, news),
      look: createLookAction(services, media),
    };
    const signIn = services.identity?.relyingParty({ name: "gallery", title: "Gallery" });
    const frame = createFrame(services, { assets, signIn });
    const playground = createPlayground({ services, assets, frame });
    return {
      actions: [
        ...[enter, print, download, api.event, api.photos, api.photo, ...Object.values(pageActions)],
        ...(signIn?.actions ?? []),
      ],
      components: [guestbook, like, eventForm, list, photos, ...playground.components],
      media: {
        grants: withMonitorGrants(hostGrants),
        rehearses: isStage,
        moderates: async (transaction, { tenant, collection }) =>
          (await findEventById(transaction, tenant, collection))?.approval === "hosts",
      },
      monitors: galleryMonitors(services),
      realtime: { actors: [createWall({ ...services, grants: media.grants })] },
      work: createGalleryWork(services, news),
      routes(live) {
        forgetCaptions(services);
        followOrders(services, live, news);
        followPhotos(services, live);
        followPhotosOnWalls(services);
        const pages = new Pages({ services, live, frame, viewers: { grants: media.grants } });
        const parts = { services, guests, media, live, frame, assets, pages, photos, download, api, ...pageActions };
        const routes = createRoutes({ ...parts, guestbook, like, eventForm, list, print, enter });
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
        await seedDemonstration({ ...services, book: guests.book }, SINGLE_TENANT);
        await playground.seed(SINGLE_TENANT);
      },
    };
  },
});

function readAssets(): Map<string, Uint8Array> {
  const files = FILES.map((name): [string, Uint8Array] => [
    name,
    readFileSync(new URL(`./assets/${name}`, import.meta.url)),
  ]);
  return new Map([...files, ["wall.js", readFileSync(WALL_SCRIPT)]]);
}
