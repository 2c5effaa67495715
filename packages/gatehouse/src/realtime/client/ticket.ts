import { RealtimeError } from "./realtime-error.ts";

interface TicketAnswer {
  readonly ticket?: string;
  readonly code?: string;
  readonly detail?: string;
  readonly title?: string;
  readonly retry_after?: number;
}

/**
 * Asks for a ticket with the cookies of the page; as the token that a connect frame brings. Its refusals have statuses, which browsers hide of a refused connection.
 * @throws {RealtimeError} with `temporary` where asking again may help
 */
export async function fetchTicket(url: string, request: typeof fetch): Promise<string> {
  const answer = await request(url, {
    method: "POST",
    credentials: "same-origin",
    headers: { accept: "application/json", "content-type": "application/json" },
    body: "{}",
  });
  // Whatever is no JSON came from somewhere on the way.
  const body = (await answer.json().catch(() => ({}))) as TicketAnswer;
  if (answer.ok && typeof body.ticket === "string") return `ticket.${body.ticket}`;
  throw new RealtimeError(body.detail ?? body.title ?? `The server answered with ${answer.status}.`, {
    code: body.code ?? "TICKET_REFUSED",
    temporary: answer.status === 429 || answer.status >= 500,
    ...(body.retry_after === undefined ? {} : { retryAfter: body.retry_after }),
  });
}
