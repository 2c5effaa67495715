import { z } from "zod";
import { defineAction, type AnyAction } from "../../kernel/action.ts";
import type { Principal } from "../../kernel/attempt.ts";
import { events } from "../../kernel/events.ts";
import { deny, type Denial } from "../../kernel/outcome.ts";
import { problems } from "../../kernel/problems.ts";
import type { Admitted } from "../admitted.ts";
import { passedOn } from "./opening.ts";
import type { LineSettings } from "./options.ts";
import type { StreamLine } from "./stream-line.ts";

/** Name of the action by which commands of streams arrive. */
export const EMULATE = "realtime.emulate";

/** Who sends commands, as far as that is compared with whoever has opened the line. */
export interface EmulationSender {
  readonly principal: Pick<Principal, "type" | "id" | "tenant" | "session">;
  readonly origin: string | undefined;
}

/** Commands for a line that cannot carry them itself. */
export interface Emulated {
  readonly node: string;
  readonly session: string;
  readonly data: string;
}

/** Takes commands to the server that holds their line, which judges the sender; `false` where there is no such server. */
export type ForwardEmulated = (emulated: Emulated, sender: EmulationSender) => Promise<Denial | boolean>;

/** The body of a request with commands. */
export const emulatedBody: z.ZodType<Emulated> = z.object({
  node: z.string().max(200),
  session: z.string().min(1).max(200),
  data: z.string(),
});

/** Milliseconds for which commands wait while their line does not read. */
const PATIENCE = 10_000;

/** Takes commands through the guards of every attempt; what they do is attempted over their line. */
export function emulateAction({ emulation }: LineSettings): AnyAction {
  return defineAction({
    name: EMULATE,
    entrances: ["realtime"],
    input: passedOn<Emulated>(),
    effects: "none",
    authorise: "public",
    perAddress: emulation,
    limits: [],
    run: async ({ principal: { type, id, tenant, session } }): Promise<EmulationSender["principal"]> =>
      session === undefined ? { type, id, tenant } : { type, id, tenant, session },
  });
}

interface OpenStream {
  readonly line: StreamLine;
  readonly admitted: Admitted;
  readonly origin: string | undefined;
}

/** The streams of this server, by the session that their connection has told its client. */
export class OpenStreams {
  readonly #streams = new Map<string, OpenStream>();

  add(session: string, stream: OpenStream): void {
    this.#streams.set(session, stream);
  }

  delete(session: string): void {
    this.#streams.delete(session);
  }

  /**
   * Hands commands to their line. Only whoever has opened it may send them: knowing the session of somebody else's is not
   * enough. Commands for a line that has gone are dropped, since its client learns of that by the stream.
   */
  async take({ session, data }: Pick<Emulated, "session" | "data">, sender: EmulationSender): Promise<Denial | true> {
    const stream = this.#streams.get(session);
    if (stream === undefined) return true;
    if (!isOwn(stream, sender)) {
      return deny(problems.PERMISSION_DENIED, { event: events.authz_fail, context: { by: "other line" } });
    }
    if (await stream.line.receive(data, PATIENCE)) return true;
    if (!this.#streams.has(session)) return true;
    return deny(problems.TOO_MANY_CONCURRENT, { retryAfter: 1, event: events.excess_concurrency });
  }
}

function isOwn({ admitted, origin }: OpenStream, sender: EmulationSender): boolean {
  if (sender.origin !== origin) return false;
  const { principal, credentials } = admitted;
  // It was opened by a token in its connect frame, which does not come again.
  if (credentials.length === 0 || principal === undefined) return true;
  const one = sender.principal;
  const same = one.type === principal.type && one.id === principal.id && one.tenant === principal.tenant;
  return same && (principal.type !== "anonymous" || one.session === principal.session);
}
