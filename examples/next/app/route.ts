import type { NextRouteHandler } from "gatehouse/http/next";
import { gatehouse, guarded } from "../lib/gatehouse.ts";
import { paymentPage } from "../../payments.ts";

export const dynamic = "force-dynamic";

/** A page with a form, behind the edge: security headers, session cookie, CSRF token. */
export const GET: NextRouteHandler = async (request, context) => {
  const { edge, services } = await gatehouse();
  const page = edge.wrap((inner) => {
    const html = paymentPage(edge.csrfToken(edge.inbound(inner)), services.ids.next());
    return new Response(html, { headers: { "content-type": "text/html; charset=utf-8" } });
  });
  return (await guarded()).handler(page)(request, context);
};
