import { RealtimeError } from "./realtime-error.ts";

interface Answer {
  readonly ticket?: string;
  readonly csrf_token?: string;
  readonly code?: string;
  readonly detail?: string;
  readonly title?: string;
  readonly retry_after?: number;
}

/** Where tickets are asked for, and what proves that the page is the server's own. */
export interface TicketPlaces {
  readonly tickets: string;
  readonly csrf: string;
}

/**
 * Asks for a ticket with the cookies of the page; as the token that a connect frame brings. Its refusals have statuses,
 * which browsers hide of a refused connection.
 * @throws {RealtimeError} with `temporary` where asking again may help
 */
export async function fetchTicket({ tickets, csrf }: TicketPlaces, request: typeof fetch): Promise<string> {
  const { csrf_token: token = "" } = await ask(await request(csrf, { credentials: "same-origin" }));
  const { ticket = "" } = await ask(
    await request(tickets, {
      method: "POST",
      credentials: "same-origin",
      headers: { accept: "application/json", "content-type": "application/json", "x-csrf-token": token },
      body: "{}",
    }),
  );
  return `ticket.${ticket}`;
}

async function ask(answer: Response): Promise<Answer> {
  // Whatever is no JSON came from somewhere on the way.
  const body = (await answer.json().catch(() => ({}))) as Answer;
  if (answer.ok) return body;
  throw new RealtimeError(body.detail ?? body.title ?? `The server answered with ${answer.status}.`, {
    code: body.code ?? "TICKET_REFUSED",
    temporary: answer.status === 429 || answer.status >= 500,
    ...(body.retry_after === undefined ? {} : { retryAfter: body.retry_after }),
  });
}
