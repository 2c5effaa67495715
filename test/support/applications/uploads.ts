import { defineApplication, defineConfig } from "gatehouse";
import { html } from "gatehouse/html";
import { collectionsApplication, TestGrants } from "../collections.ts";

const collections = collectionsApplication(new TestGrants());

/** Collections, and a page with a form to upload to one of them. */
export const application = defineApplication({
  ...collections,
  open: (services) => {
    const { edge } = services;
    const parts = collections.open?.(services) ?? {};
    return {
      ...parts,
      routes: async (live) => {
        const app = await parts.routes?.(live);
        if (app === undefined) throw new TypeError("There are no collections.");
        return app.get("/fair", (context) => {
          const inbound = edge.of(context);
          return edge.page(
            inbound,
            html`<!doctype html>
              <html lang="en">
                <head>
                  <meta charset="utf-8" />
                  <title>Fair</title>
                  <script type="module" nonce=${inbound.nonce} src="/uploads/client.js"></script>
                </head>
                <body>
                  <form
                    method="post"
                    enctype="multipart/form-data"
                    action="/uploads?collection=fair"
                    data-resumable
                    data-piece="400000"
                    data-text-waiting="waiting"
                    data-text-sending="sending"
                    data-text-retrying="trying again"
                    data-text-paused="paused"
                    data-text-done="done"
                  >
                    <input type="hidden" name="_csrf_token" value=${edge.csrfToken(inbound)} />
                    <label>Photos <input type="file" name="photos" multiple /></label>
                    <label>Camera <input type="file" name="camera" accept="image/*" capture="environment" /></label>
                    <button>Upload</button>
                    <p data-upload-unfinished hidden>Not finished: <span data-upload-names></span></p>
                    <ul data-upload-list aria-live="polite"></ul>
                    <template data-upload-row>
                      <li>
                        <span data-upload-name></span> <progress></progress> <span data-upload-text></span>
                        <button type="button" data-upload-toggle>Pause</button>
                        <button type="button" data-upload-cancel>Cancel</button>
                      </li>
                    </template>
                  </form>
                </body>
              </html>`,
          );
        });
      },
    };
  },
});

export default defineConfig({
  profile: "development",
  console: { enabled: false },
  penalties: { soft: { threshold: 999_999 }, hard: { threshold: 1_000_000 } },
});
