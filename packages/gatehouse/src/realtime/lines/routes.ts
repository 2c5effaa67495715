import { Hono, type Context } from "hono";
import { cutterOf } from "../../http/connection.ts";
import type { Edge } from "../../http/edge.ts";
import type { Inbound } from "../../http/inbound.ts";
import { malformed, tooLarge, unsupported } from "../../http/refusal.ts";
import { fromUtf8 } from "../../kernel/codec.ts";
import { isDenial, type Denial, type Success } from "../../kernel/outcome.ts";
import type { Timers } from "../../kernel/timers.ts";
import {
  EMULATE,
  emulatedBody,
  denialOf,
  type Emulated,
  type EmulationSender,
  type EmulationVerdict,
  type ForwardCommands,
  type OpenStreams,
} from "./emulation.ts";
import type { OpenLines } from "./open-lines.ts";
import { Opening } from "./opening.ts";
import type { LineSettings } from "./options.ts";
import { LINE_PATHS } from "./paths.ts";
import { HTTP_STREAM, SSE, StreamLine, type StreamFraming } from "./stream-line.ts";
import { TICKET } from "./ticket-action.ts";
import { hasForgedCookie, OPEN_SUBJECT, pageOrigin } from "./upgrade-gate.ts";
import { upgradeRequired } from "./upgrade-request.ts";

/** What the routes are built from. */
export interface LineRouteParts {
  readonly edge: Edge;
  readonly timers: Timers;
  readonly settings: LineSettings;
  readonly lines: OpenLines;
  readonly streams: OpenStreams;
  /** Identifier of this server. */
  readonly node: string;
  readonly forward: ForwardCommands | undefined;
  /** Why no line can be opened now. */
  readonly refusal: () => Denial | undefined;
}

/** The parameter in which an event stream brings its connect frame, as clients of the protocol send it. */
const CONNECT_PARAMETER = "cf_connect";
const STREAM_HEADERS = {
  // Whoever compressed it, or waited for its end, would hold back what is news now.
  "cache-control": "no-store, no-transform",
  "x-accel-buffering": "no",
};

/** The routes of lines: streams, the commands that belong to them, tickets, and what a WebSocket's address says to others. */
export function lineRoutes(parts: LineRouteParts): Hono {
  const { edge } = parts;
  const app = new Hono();
  app.get(LINE_PATHS.websocket, (context) => edge.refuse(edge.of(context), upgradeRequired(), OPEN_SUBJECT));
  app.post(LINE_PATHS.stream, (context) => openStream(parts, context, { framing: HTTP_STREAM, read: readBody }));
  app.get(LINE_PATHS.sse, (context) => openStream(parts, context, { framing: SSE, read: readParameter }));
  app.post(LINE_PATHS.ticket, (context) => issueTicket(parts, edge.of(context)));
  app.post(LINE_PATHS.emulation, (context) => emulate(parts, edge.of(context)));
  return app;
}

interface StreamForm {
  readonly framing: StreamFraming;
  readonly read: (inbound: Inbound, limit: number) => Promise<string | Denial>;
}

async function openStream(
  { edge, refusal, settings, timers, lines, streams }: LineRouteParts,
  context: Context,
  { framing, read }: StreamForm,
): Promise<Response> {
  const inbound = edge.of(context);
  const stopped = refusal();
  if (stopped !== undefined) return edge.refuse(inbound, stopped, OPEN_SUBJECT);
  const opening = new Opening(framing.kind, { forgedCookie: hasForgedCookie(inbound) });
  const first: { message?: string } = {};
  const outcome = await edge.receive(inbound, {
    ...OPEN_SUBJECT,
    read: async () => {
      const message = await read(inbound, settings.connectBytes);
      if (isDenial(message)) return message;
      first.message = message;
      return { value: opening };
    },
  });
  if (!outcome.ok) {
    opening.release();
    return edge.problem(inbound, outcome);
  }
  const line = new StreamLine({ framing, timers, cut: cutterOf(context.env) });
  const admitted = opening.admitted();
  const connection = lines.begin(line, admitted);
  const { session } = connection;
  const stream = streams.add(session, { line, admitted, origin: foreignOrigin(inbound) });
  line.begin({
    received: (message) => connection.received(message),
    closed: () => {
      stream[Symbol.dispose]();
      connection.closed();
    },
  });
  connection.received(first.message ?? "");
  // Nobody takes, or cancels, the answer to a request whose sender went away before it began.
  const { signal } = inbound.request;
  if (signal.aborted) line.cut();
  else signal.addEventListener("abort", () => line.cut(), { once: true });
  return new Response(line.body, { headers: { ...STREAM_HEADERS, "content-type": framing.contentType } });
}

async function readBody(inbound: Inbound, limit: number): Promise<string | Denial> {
  if (inbound.contentType?.essence !== "application/json") return unsupported("Send the connect frame as JSON.");
  const bytes = await inbound.bytes();
  if (isDenial(bytes)) return bytes;
  if (bytes.length > limit) return tooLarge(`A connect frame may have ${limit} bytes.`);
  try {
    return fromUtf8(bytes);
  } catch {
    return malformed("The body is not UTF-8.");
  }
}

async function readParameter({ url }: Inbound, limit: number): Promise<string | Denial> {
  const [message, another] = url.searchParams.getAll(CONNECT_PARAMETER);
  if (message === undefined || another !== undefined)
    return malformed("The address brings no connect frame, or several.");
  return Buffer.byteLength(message) > limit ? tooLarge(`A connect frame may have ${limit} bytes.`) : message;
}

async function issueTicket({ edge, refusal }: LineRouteParts, inbound: Inbound): Promise<Response> {
  const subject = { action: TICKET, entrance: "http" } as const;
  const stopped = refusal();
  if (stopped !== undefined) return edge.refuse(inbound, stopped, subject);
  const outcome = await edge.receive(inbound, {
    ...subject,
    read: async () => {
      const body = await inbound.body();
      if (isDenial(body)) return body;
      const asked = body.kind === "json" ? body.value : {};
      const isObject = typeof asked === "object" && asked !== null && !Array.isArray(asked);
      return { value: isObject ? { ...asked, origin: pageOrigin(inbound) } : asked };
    },
  });
  return edge.respond(inbound, outcome);
}

async function emulate(parts: LineRouteParts, inbound: Inbound): Promise<Response> {
  const { edge, settings } = parts;
  const subject = { action: EMULATE, entrance: "realtime" } as const;
  const arrived: { emulated?: Emulated } = {};
  const outcome = await edge.receive(inbound, {
    ...subject,
    read: async () => {
      const emulated = await readEmulated(inbound, settings.frameBytes);
      if (isDenial(emulated)) return emulated;
      arrived.emulated = emulated;
      return { value: emulated };
    },
  });
  if (!outcome.ok || arrived.emulated === undefined) return edge.respond(inbound, outcome);
  // What succeeds under this name is who has sent it.
  const { value: principal } = outcome as Success<EmulationSender["principal"]>;
  const denial = denialOf(await deliver(parts, arrived.emulated, { principal, origin: foreignOrigin(inbound) }));
  return denial === undefined ? edge.json(inbound, undefined) : edge.refuse(inbound, denial, subject);
}

async function deliver(
  { node, streams, forward }: LineRouteParts,
  { session, data, node: holder }: Emulated,
  sender: EmulationSender,
): Promise<EmulationVerdict> {
  const commands = { node: holder, line: streams.lineOf(session), data };
  if (holder === node) return streams.take(commands, sender);
  return forward === undefined ? "gone" : forward(commands, sender);
}

async function readEmulated(inbound: Inbound, limit: number): Promise<Emulated | Denial> {
  const body = await inbound.body();
  if (isDenial(body)) return body;
  if (body.kind !== "json") return unsupported("Send the commands as JSON.");
  const parsed = emulatedBody.safeParse(body.value);
  if (!parsed.success) return malformed("The body has to name node and session, and bring data.");
  return Buffer.byteLength(parsed.data.data) > limit ? tooLarge(`A message may have ${limit} bytes.`) : parsed.data;
}

/** The origin of a page that is not this server's own. Event streams of its own pages come without any. */
function foreignOrigin(inbound: Inbound): string | undefined {
  const origin = pageOrigin(inbound);
  return origin === inbound.target ? undefined : origin;
}
