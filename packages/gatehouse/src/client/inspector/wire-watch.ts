import type { CoreParts } from "../chunks.ts";
import { bytesOf, Contents, type ContentUpdate } from "./contents.ts";
import { MOST_COMPONENTS, type Exchange, type InspectorLog } from "./log.ts";
import { readServerTiming } from "./server-timing.ts";
import type { StreamWatch } from "./stream-watch.ts";

/** What the live client sends, as far as it is looked at. */
interface SentRequest {
  readonly component_id?: string;
  readonly action?: string;
  readonly idempotency_key?: string;
  readonly others?: readonly { readonly component_id: string }[];
  readonly components?: readonly { readonly component_id: string }[];
}

/** What it is answered: an update, those of a load, or a problem document. */
interface Answer extends ContentUpdate {
  readonly components?: readonly ContentUpdate[];
  readonly idempotency?: { readonly cached: boolean };
  readonly code?: string;
  readonly detail?: string;
  readonly title?: string;
  readonly request_id?: string;
  readonly retry_after?: number;
  readonly errors?: readonly { readonly pointer: string }[];
}

/** A request on its way. */
interface Sent {
  /** The live route: `action`, `load`, `stream`. */
  readonly what: string;
  readonly request: SentRequest;
  readonly ids: readonly string[];
  readonly bytes: number;
  readonly bases: ReturnType<Contents["get"]>;
  readonly begun: number;
}

const NO_ANSWER = "No answer arrived.";

/** Looks on while the live client talks to the server. */
export class WireWatch {
  readonly #log: InspectorLog;
  readonly #stream: StreamWatch;
  readonly #contents = new Contents(MOST_COMPONENTS);
  /** The key each component has sent last: the same once more is a repetition. */
  readonly #keys = new Map<string, string>();

  constructor(log: InspectorLog, stream: StreamWatch) {
    this.#log = log;
    this.#stream = stream;
  }

  /** What goes over `wire` from now on is looked at; none of it is changed. */
  follow(wire: CoreParts["wire"]): void {
    const send = wire.send;
    wire.send = async (what, init) => {
      const sent = this.#sent(what, init.body);
      const end = what === "stream" ? this.#stream.asked(init.signal ?? undefined) : undefined;
      let response: Response;
      try {
        response = await send(what, init);
      } catch (error) {
        if (end === undefined) this.#lost(sent);
        else end();
        throw error;
      }
      // The rest is for the inspector alone: nobody waits for it, and nothing may come of its failing.
      this.#answered(sent, response.clone()).catch(() => undefined);
      return response;
    };
  }

  #sent(what: string, body: unknown): Sent {
    const text = typeof body === "string" ? body : "{}";
    // Written by the live client.
    const request = JSON.parse(text) as SentRequest;
    const { component_id: id, action, idempotency_key: key, components = [] } = request;
    const ids = id === undefined ? components.map(({ component_id }) => component_id) : [id];
    if (id !== undefined && action !== undefined && key !== undefined) {
      const intent = `${action} ${key}`;
      if (this.#keys.get(id) === intent) this.#log.note(id, (record) => (record.retries += 1));
      this.#keys.set(id, intent);
    }
    const others = request.others?.map(({ component_id }) => component_id) ?? [];
    const bases = this.#contents.get([...ids, ...others]);
    return { what, request, ids, bytes: bytesOf(text), bases, begun: performance.now() };
  }

  async #answered(sent: Sent, response: Response): Promise<void> {
    const { what, request, ids, bytes, begun } = sent;
    if (what === "stream" && response.ok) return this.#stream.opened(response);
    const text = await response.text();
    const roundTrip = performance.now() - begun;
    // By the server's own routes, or by whatever is between.
    const answer = parse(text);
    const code = response.ok ? undefined : (answer.code ?? `HTTP ${response.status}`);
    const requestId = answer.request_id ?? response.headers.get("x-request-id") ?? undefined;
    if (code !== undefined) this.#refused(sent, { ...answer, code, request_id: requestId ?? "" });
    if (what === "stream") return this.#stream.refused(code ?? "");
    const exchange: Exchange = {
      ...{ what: request.action ?? what, actor: request.component_id, at: Date.now(), roundTrip, code, requestId },
      ...{ requestBytes: bytes, answerBytes: bytesOf(text), components: ids.length },
      replayed: answer.idempotency?.cached === true,
      timings: readServerTiming(response.headers.get("server-timing")),
    };
    this.#visited(sent, exchange, answer);
  }

  /** Notes what an answer was for each component: what it asked for, and what else it was told. */
  #visited({ request, ids, bases }: Sent, exchange: Exchange, answer: Answer): void {
    const { component_id: actor } = request;
    const updates = new Map<string, ContentUpdate>(ids.map((id) => [id, {}]));
    if (actor !== undefined) updates.set(actor, answer);
    for (const update of answer.components ?? []) updates.set(update.component_id ?? "", update);
    for (const [id, update] of updates) {
      const visit = { exchange, content: this.#contents.take(id, update, bases.get(id)) };
      this.#log.note(id, (record) => {
        if (id !== actor) record.update = visit;
        else {
          record.action = visit;
          if (exchange.replayed) record.replays += 1;
          if (exchange.code === "STATE_CONFLICT") record.conflicts += 1;
        }
      });
    }
  }

  #refused({ what, request, ids }: Sent, answer: Answer & { readonly code: string }): void {
    const { code, detail, title = "", request_id: requestId, retry_after: retryAfter, errors = [] } = answer;
    this.#log.refuse({
      ...{ code, at: Date.now(), components: ids, what: request.action ?? what, retryAfter },
      message: detail ?? title,
      requestId: requestId === "" ? undefined : requestId,
      pointers: errors.map(({ pointer }) => pointer),
    });
  }

  #lost(sent: Sent): void {
    this.#refused(sent, { code: "NETWORK_ERROR", detail: NO_ANSWER });
  }
}

function parse(text: string): Answer {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}
