import { events } from "../kernel/events.ts";
import { deny } from "../kernel/outcome.ts";
import { problems } from "../kernel/problems.ts";
import type { Edge } from "./edge.ts";
import type { Inbound } from "./inbound.ts";

/**
 * Answers with a fresh CSRF token for the session, which begins now where there is none. Changes nothing
 * in the store, and answers pages of this origin only.
 */
export async function answerCsrfRefresh(edge: Edge, inbound: Inbound): Promise<Response> {
  const { headers } = inbound.request;
  const site = headers.get("sec-fetch-site");
  const origin = headers.get("origin");
  const foreign = (site !== null && site !== "same-origin") || (origin !== null && origin !== inbound.target);
  if (foreign) return edge.refuse(inbound, deny(problems.ORIGIN_REFUSED, { event: events.malicious_cross_origin }));
  // A session that has ended is replaced here, so that the token belongs to a living one. Pages ask by themselves.
  await edge.sessions.principal(inbound, { passive: true });
  return edge.json(inbound, { csrf_token: edge.csrfToken(inbound) });
}
