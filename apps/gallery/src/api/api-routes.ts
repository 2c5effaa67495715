import { Hono } from "hono";
import type { Services } from "gatehouse";
import type { Inbound } from "gatehouse/http";
import { languages } from "../language.ts";
import type { ApiActions } from "./api-actions.ts";

const PATH = "/api/v1/gallery/events/:slug";

/** The public API of the gallery, for whoever has come in by a join token. Uploads go to `/uploads?collection=...`. */
export function apiRoutes({ edge }: Pick<Services, "edge">, { event, photos, photo }: ApiActions): Hono {
  const app = new Hono();
  const withPath = (value: unknown, _inbound: Inbound, path: Readonly<Record<string, string>>): object =>
    Object.assign({}, value, path);
  // As pages do: what was chosen, else what the browser accepts.
  const inLanguage: typeof withPath = (value, inbound, path) =>
    Object.assign({}, value, path, { language: languages.of(inbound) });
  app.get(PATH, edge.action(event, { input: withPath }));
  app.get(`${PATH}/photos`, edge.action(photos, { input: inLanguage }));
  app.get(`${PATH}/photos/:photo`, edge.action(photo, { input: inLanguage }));
  return app;
}
