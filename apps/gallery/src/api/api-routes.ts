import { Hono } from "hono";
import type { Services } from "gatehouse";
import type { ApiActions } from "./api-actions.ts";

const PATH = "/api/v1/gallery/events/:slug";

/** The public API of the gallery, for whoever has come in by a join token. Uploads go to `/uploads?collection=...`. */
export function apiRoutes({ edge }: Pick<Services, "edge">, { event, photos, photo }: ApiActions): Hono {
  const app = new Hono();
  const withPath = (value: unknown, _inbound: unknown, path: Readonly<Record<string, string>>): object =>
    Object.assign({}, value, path);
  app.get(PATH, edge.action(event, { input: withPath }));
  app.get(`${PATH}/photos`, edge.action(photos, { input: withPath }));
  app.get(`${PATH}/photos/:photo`, edge.action(photo, { input: withPath }));
  return app;
}
