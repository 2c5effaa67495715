import { z } from "zod";
import { defineAction, type AnyAction } from "../../kernel/action.ts";
import type { Principal } from "../../kernel/attempt.ts";
import { events } from "../../kernel/events.ts";
import { deny, type Denial } from "../../kernel/outcome.ts";
import { problems } from "../../kernel/problems.ts";
import type { Admitted } from "../admitted.ts";
import { tooLarge } from "../../http/refusal.ts";
import type { KeyRing } from "../../kernel/key-ring.ts";
import type { TokenDemand } from "../../kernel/token-demand.ts";
import { demanding, passedOn } from "./opening.ts";
import type { LineSettings } from "./options.ts";
import type { StreamLine } from "./stream-line.ts";

/** Name of the action by which commands of streams arrive. */
export const EMULATE = "realtime.emulate";

/** Who sends commands, as far as that is compared with whoever has opened the line. */
export interface EmulationSender {
  readonly principal: Pick<Principal, "type" | "id" | "tenant" | "session">;
  readonly origin: string | undefined;
}

/** Commands for a line that cannot carry them itself, as clients send them. */
export interface Emulated {
  readonly node: string;
  /** A secret of the client. */
  readonly session: string;
  readonly data: string;
}

/** The same on their way between servers. */
export interface ForwardedCommands {
  readonly node: string;
  /** Fingerprint of the session: whoever reads what servers tell each other learns no session by it. */
  readonly line: string;
  readonly data: string;
}

/** What has become of commands. */
export type EmulationVerdict =
  /** Their line has them, or has gone, of which its client learns by the stream. */
  | "taken"
  /** Their line is somebody else's. */
  | "foreign"
  /** Their line takes nothing more for now. */
  | "busy"
  /** There is no such server. */
  | "gone"
  /** They did not reach the server in time, or its answer did not. */
  | "late"
  | "too large";

/** Takes commands to the server that holds their line, which judges the sender. */
export type ForwardCommands = (commands: ForwardedCommands, sender: EmulationSender) => Promise<EmulationVerdict>;

/** The body of a request with commands. */
export const emulatedBody: z.ZodType<Emulated> = z.object({
  node: z.string().max(200),
  session: z.string().min(1).max(200),
  data: z.string(),
});

/** Milliseconds for which commands wait while their line does not read. */
const PATIENCE = 10_000;

/** Takes commands through the guards of every attempt; what they do is attempted over their line. */
export function emulateAction({ emulation }: LineSettings, demand: TokenDemand | undefined): AnyAction {
  return defineAction({
    name: EMULATE,
    entrances: ["realtime"],
    input: passedOn<Emulated>(),
    effects: "none",
    authorise: demanding(() => true, demand),
    anonymous: true,
    perAddress: emulation,
    limits: [],
    run: async ({ principal: { type, id, tenant, session } }): Promise<EmulationSender["principal"]> =>
      session === undefined ? { type, id, tenant } : { type, id, tenant, session },
  });
}

/** Why commands were not taken; `undefined` where they were. */
export function denialOf(verdict: EmulationVerdict): Denial | undefined {
  switch (verdict) {
    case "taken":
      return undefined;
    case "foreign":
      return deny(problems.PERMISSION_DENIED, { event: events.authz_fail, context: { by: "other line" } });
    case "busy":
      return deny(problems.TOO_MANY_CONCURRENT, { retryAfter: 1, event: events.excess_concurrency });
    // Clients of the protocol open another stream when they hear that the server of theirs is not there any more.
    case "gone":
      return deny(problems.NOT_FOUND);
    case "late":
      return deny(problems.STORE_UNAVAILABLE, { retryAfter: 1 });
    case "too large":
      return tooLarge("The commands are too large for their way.");
  }
}

interface OpenStream {
  readonly line: StreamLine;
  readonly admitted: Admitted;
  readonly origin: string | undefined;
}

/** The streams of this server, by the fingerprint of the session that their connection has told its client. */
export class OpenStreams {
  readonly #keyRing: Pick<KeyRing, "fingerprint">;
  readonly #streams = new Map<string, OpenStream>();

  constructor(keyRing: Pick<KeyRing, "fingerprint">) {
    this.#keyRing = keyRing;
  }

  /** The name of a line, on all servers. */
  lineOf(session: string): string {
    return this.#keyRing.fingerprint("realtime.session", session);
  }

  /** Adds a stream. Disposing the result removes it. */
  add(session: string, stream: OpenStream): Disposable {
    const line = this.lineOf(session);
    this.#streams.set(line, stream);
    return { [Symbol.dispose]: () => void this.#streams.delete(line) };
  }

  /**
   * Hands commands to their line. Only whoever has opened it may send them: knowing the session of somebody else's is not
   * enough. Commands for a line that has gone are dropped, since its client learns of that by the stream.
   */
  async take(
    { line, data }: Pick<ForwardedCommands, "line" | "data">,
    sender: EmulationSender,
  ): Promise<"taken" | "foreign" | "busy"> {
    const stream = this.#streams.get(line);
    if (stream === undefined) return "taken";
    if (!isOwn(stream, sender)) return "foreign";
    if (await stream.line.receive(data, PATIENCE)) return "taken";
    return this.#streams.has(line) ? "busy" : "taken";
  }
}

function isOwn({ admitted, origin }: OpenStream, sender: EmulationSender): boolean {
  if (sender.origin !== origin || sender.principal.tenant !== admitted.tenant) return false;
  const { principal, credentials } = admitted;
  // It was opened by a token in its connect frame, which does not come again.
  if (credentials.length === 0 || principal === undefined) return true;
  const one = sender.principal;
  const same = one.type === principal.type && one.id === principal.id;
  return same && (principal.type !== "anonymous" || one.session === principal.session);
}
