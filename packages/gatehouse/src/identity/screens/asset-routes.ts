import { Hono } from "hono";
import type { Edge } from "../../http/edge.ts";
import { deny } from "../../kernel/outcome.ts";
import { problems } from "../../kernel/problems.ts";
import { ASSETS_PATH, type Pages } from "./pages.ts";

/** Where the files of all pages are served. */
export function createAssetRoutes(edge: Edge, pages: Pages): Hono {
  return new Hono().get(`${ASSETS_PATH}*`, (context) => {
    const inbound = edge.of(context);
    return pages.assets.answer(inbound) ?? edge.refuse(inbound, deny(problems.NOT_FOUND));
  });
}
