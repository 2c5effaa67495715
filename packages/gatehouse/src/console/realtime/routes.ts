import { Hono, type Context } from "hono";
import { z } from "zod";
import { html } from "../../html/html.ts";
import type { Inbound } from "../../http/inbound.ts";
import type { Problem } from "../../kernel/problem.ts";
import { problems } from "../../kernel/problems.ts";
import type { PageContent } from "../page-content.ts";
import type { PageParts } from "../page-parts.ts";
import { REALTIME_PATH, type RealtimeFilter } from "./forms.ts";
import { MuteRows, realtimePage, RealtimeRows, type Done } from "./page.ts";
import { takeForm, type FormAttempt, type RefusedForm } from "../sent-form.ts";

const Kicked = z.object({ connections: z.number(), silent: z.array(z.unknown()) });

/** The page of realtime connections, and the forms that keep order among them. */
export function realtimeRoutes(parts: PageParts): Hono {
  const app = new Hono();
  app.get(REALTIME_PATH, (context) => parts.show(context, (inbound) => realtime(parts, inbound)));
  app.post(`${REALTIME_PATH}/kick`, (context) => take(parts, context, { action: "realtime.kick", input: kickInput }));
  app.post(`${REALTIME_PATH}/mute`, (context) => take(parts, context, { action: "realtime.mute", input: muteInput }));
  app.post(`${REALTIME_PATH}/unmute`, (context) =>
    take(parts, context, { action: "realtime.unmute", input: (texts) => ({ id: read(texts, "id") }) }),
  );
  app.post(`${REALTIME_PATH}/broadcast`, (context) =>
    take(parts, context, { action: "realtime.broadcast", input: broadcastInput }),
  );
  app.post(`${REALTIME_PATH}/close`, (context) =>
    take(parts, context, { action: "realtime.close-room", input: (texts) => ({ actor: read(texts, "actor") }) }),
  );
  return app;
}

async function realtime(parts: PageParts, inbound: Inbound, refused?: RefusedForm): Promise<PageContent> {
  const page = {
    title: "Realtime",
    lead: "Who is connected, what is heard, and who reads slowly, on all servers.",
    path: REALTIME_PATH,
  };
  if (!parts.isOffered("realtime.connections")) {
    await parts.ask(inbound, { action: "guards.inventory" });
    return { ...page, body: html`<p class="empty">This application has no actors.</p>` };
  }
  const query = inbound.url.searchParams;
  const filter: RealtimeFilter = { type: read(query, "type"), id: read(query, "id"), channel: read(query, "channel") };
  const { type, id, channel } = filter;
  const input = {
    ...(id === "" ? {} : { principal: { type, id } }),
    ...(channel === "" ? {} : { channel }),
  };
  const found = RealtimeRows.parse(await parts.ask(inbound, { action: "realtime.connections", input }));
  const { mutes } = MuteRows.parse(await parts.ask(inbound, { action: "realtime.mutes" }));
  const made = { csrfToken: parts.edge.csrfToken(inbound), idempotencyKey: () => parts.ids.next() };
  const step = inbound.url.pathname.slice(REALTIME_PATH.length + 1);
  const body = realtimePage({
    found,
    mutes,
    filter,
    done: doneOf(query),
    refused: refused && { ...refused, step },
    ...made,
  });
  return { ...page, body, ...(refused === undefined ? {} : { status: refused.denial.problem.status }) };
}

function doneOf(query: URLSearchParams): Done | undefined {
  const [closed, silent] = [query.get("closed") ?? "", query.get("silent") ?? "0"];
  return /^\d{1,9}$/.test(closed) && /^\d{1,4}$/.test(silent)
    ? { closed: Number(closed), silent: Number(silent) }
    : undefined;
}

function kickInput(texts: URLSearchParams): object {
  const [connection, channel] = [read(texts, "connection"), read(texts, "channel")];
  const whom = connection === "" ? { principal: principalOf(texts) } : { connection };
  return channel === "" ? whom : { ...whom, channel };
}

function muteInput(texts: URLSearchParams): object {
  const minutes = read(texts, "minutes");
  return {
    ...{ principal: principalOf(texts), actor: read(texts, "actor"), reason: read(texts, "reason") },
    minutes: /^\d{1,6}$/.test(minutes) ? Number(minutes) : minutes,
  };
}

function broadcastInput(texts: URLSearchParams): object {
  return { actor: read(texts, "actor"), event: read(texts, "event"), data: jsonOf(texts.get("data") ?? "") };
}

/** What was typed as JSON; the text itself where it is none, which no event of objects carries. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function principalOf(texts: URLSearchParams): object {
  return { type: read(texts, "type"), id: read(texts, "id") };
}

function read(texts: URLSearchParams, name: string): string {
  return (texts.get(name) ?? "").trim();
}

/** What an operator can mend in the form, so that nothing that was typed has to be typed again. */
const MENDABLE: ReadonlySet<Problem> = new Set([problems.VALIDATION_ERROR, problems.NOT_FOUND]);

function take(parts: PageParts, context: Context, form: FormAttempt): Promise<Response> {
  return takeForm(parts, context, {
    ...form,
    mend: (refused) =>
      MENDABLE.has(refused.denial.problem) ? (inbound) => realtime(parts, inbound, refused) : undefined,
    done: (value) => {
      const { success, data } = Kicked.safeParse(value);
      return REALTIME_PATH + (success ? `?closed=${data.connections}&silent=${data.silent.length}` : "");
    },
  });
}
