import { isDenial, deny, type Denial } from "../../kernel/outcome.ts";
import { problems } from "../../kernel/problems.ts";
import { realtimeEvents } from "../events.ts";
import { realtimeProblems } from "../problems.ts";
import { DISCONNECT } from "../protocol/codes.ts";
import type { Command, ConnectCommand, RefreshCommand, Request } from "../protocol/command.ts";
import { decodeCommand, MOST_COMMANDS, splitFrame } from "../protocol/decode.ts";
import { errorReply, reply } from "../protocol/encode.ts";
import { protocolError } from "../protocol/protocol-error.ts";
import { Begun, type Answer, type Channels } from "./channels.ts";
import type { CloseCause } from "./close-cause.ts";
import type { Commands } from "./commands.ts";
import type { Feeds } from "./feeds.ts";
import { Inbox, type Waiting } from "./inbox.ts";
import type { Shared } from "./shared.ts";
import { count } from "./statistics.ts";

/** The connection whose dialogue it is. */
export interface DialogueHost {
  readonly state: "new" | "connecting" | "connected" | "closed";
  /** Whether its token has expired and not been replaced. */
  readonly isExpired: boolean;
  say(message: string): void;
  close(cause: CloseCause): void;
  /** Reads nothing more until a time. */
  pauseUntil(time: number): void;
  /** Somebody has done something. */
  noteUse(): void;
  connect(id: number, command: ConnectCommand): void;
  refresh(command: RefreshCommand): Promise<Answer | Denial | undefined>;
}

/** What a dialogue is held with. */
export interface DialogueParts {
  readonly shared: Shared;
  readonly host: DialogueHost;
  readonly channels: Channels;
  readonly feeds: Feeds;
  readonly commands: Commands;
}

/** The most that may say who is there. */
const LARGEST_CONNECT = 16 * 1_024;
/** Channels beyond the bound that a client may ask for before its connection is closed. */
const MOST_CHANNELS_REFUSED = 20;
/** What a connection may do whose token has expired. */
const WITHOUT_TOKEN: ReadonlySet<Request["method"]> = new Set(["ping", "unsubscribe"]);

/** What a client says and is answered: one command after the other, in the order in which they came. */
export class Dialogue {
  readonly #parts: DialogueParts;
  readonly #inbox: Inbox;
  /** Lines that came while it was found out who is there. */
  #early: string[] = [];
  #earlyLength = 0;
  #isWorking = false;
  #channelsRefused = 0;

  constructor(parts: DialogueParts) {
    this.#parts = parts;
    this.#inbox = new Inbox(parts.shared.settings);
  }

  /** Takes a frame as it came. */
  receive(frame: string): void {
    const { host, shared } = this.#parts;
    const now = shared.clock.monotonic();
    const bytes = Buffer.byteLength(frame);
    const { pause, flood } = this.#inbox.read(bytes, now);
    if (flood) return host.close(FLOODED);
    if (pause > 0) host.pauseUntil(now + pause);
    const lines = bytes > shared.settings.largestFrame ? undefined : splitFrame(frame);
    if (lines === undefined) return host.close(GARBLED);
    if (lines.length === 0 && this.#inbox.count(now) === "flood") return host.close(FLOODED);
    for (const line of lines) {
      if (host.state === "closed") return;
      this.#receiveLine(line, now);
    }
  }

  /** It is known who is there: what has been waiting for that is carried out. */
  begin(): void {
    const early = this.#early;
    this.#early = [];
    const now = this.#parts.shared.clock.monotonic();
    for (const line of early) if (this.#parts.host.state === "connected") this.#take(decodeCommand(line), now);
  }

  /** Answers that a command was not carried out. */
  refuse(id: number, denial: Denial): void {
    const { shared, host } = this.#parts;
    count(shared.statistics.refused, denial.problem.code);
    const requestId = denial.extensions?.["request_id"];
    if (id > 0) {
      const name = typeof requestId === "string" ? requestId : shared.ids.next();
      host.say(errorReply(id, protocolError(denial, name)));
    }
    const { retryable, status } = denial.problem;
    if (retryable || status >= 500 || this.#inbox.endure(shared.clock.monotonic())) return;
    host.close({ disconnect: DISCONNECT.tooManyErrors, event: realtimeEvents.connection_flooded });
  }

  /** Nothing that waits is carried out any more. */
  end(): void {
    this.#inbox.clear();
    this.#early = [];
  }

  #receiveLine(line: string, now: number): void {
    switch (this.#parts.host.state) {
      case "new":
        return this.#receiveFirst(line);
      case "connecting":
        return this.#keep(line);
      case "connected":
        return this.#take(decodeCommand(line), now);
      case "closed":
    }
  }

  #receiveFirst(line: string): void {
    const { host } = this.#parts;
    const command = Buffer.byteLength(line) > LARGEST_CONNECT ? undefined : decodeCommand(line);
    if (command?.kind !== "request" || command.request.method !== "connect") return host.close(GARBLED);
    host.connect(command.id, command.request);
  }

  #keep(line: string): void {
    const { host, shared } = this.#parts;
    this.#early.push(line);
    this.#earlyLength += line.length;
    if (this.#early.length > MOST_COMMANDS || this.#earlyLength > shared.settings.largestFrame) host.close(GARBLED);
  }

  #take(command: Command, now: number): void {
    const { host } = this.#parts;
    if (command.kind === "garbage") return host.close(GARBLED);
    if (command.kind !== "request" || command.request.method === "connect") return this.#takeNothing(command, now);
    // A new token must not wait for what takes long: the old one may expire meanwhile.
    const isRefresh = command.request.method === "refresh";
    const arrival = isRefresh ? this.#inbox.renew(now) : this.#inbox.put(command, now);
    if (arrival === "flood") return host.close(FLOODED);
    if (arrival === "refused") {
      const { retryAfter } = this.#inbox;
      return this.refuse(command.id, deny(realtimeProblems.COMMANDS_TOO_FAST, { retryAfter }));
    }
    if (isRefresh) void this.#carryOut(command);
    else void this.#work();
  }

  /** What asks for nothing, or for nothing there is. */
  #takeNothing(command: Exclude<Command, { readonly kind: "garbage" }>, now: number): void {
    if (this.#inbox.count(now) === "flood") return this.#parts.host.close(FLOODED);
    if (command.kind === "pong") return;
    const problem = command.kind === "unknown" ? realtimeProblems.METHOD_UNKNOWN : realtimeProblems.FRAME_MALFORMED;
    this.refuse(command.id, deny(problem));
  }

  async #work(): Promise<void> {
    if (this.#isWorking) return;
    this.#isWorking = true;
    for (let next = this.#inbox.next(); next !== undefined; next = this.#inbox.next()) await this.#carryOut(next);
    this.#isWorking = false;
  }

  /** Never rejects: what comes after it would not be carried out any more. */
  async #carryOut(command: Waiting): Promise<void> {
    const { host, shared } = this.#parts;
    try {
      this.#answer(command, await this.#perform(command.request));
    } catch (error) {
      shared.report(error);
      if (host.state !== "closed") this.refuse(command.id, deny(problems.INTERNAL_ERROR));
    }
  }

  #answer({ id, request }: Waiting, answer: Answer | Begun | Denial | undefined): void {
    const { host, shared } = this.#parts;
    if (answer === undefined || host.state === "closed") return;
    if (isDenial(answer)) return this.#deny(id, answer);
    if (!(answer instanceof Begun)) {
      const message = reply(id, request.method, answer);
      // Sent, it would close the connection as that of a slow reader, who comes back and asks again.
      if (Buffer.byteLength(message) > shared.settings.queueHard)
        throw new RangeError("A reply has more bytes than may wait for a client.");
      return host.say(message);
    }
    // Nothing of the channel may be told before the client knows that it hears it.
    host.say(reply(id, request.method, answer.answer));
    answer.begin();
  }

  #deny(id: number, denial: Denial): void {
    this.refuse(id, denial);
    if (denial.problem !== realtimeProblems.CHANNEL_LIMIT) return;
    this.#channelsRefused += 1;
    if (this.#channelsRefused > MOST_CHANNELS_REFUSED)
      this.#parts.host.close({ disconnect: DISCONNECT.channelLimit, event: realtimeEvents.connection_flooded });
  }

  async #perform(request: Request): Promise<Answer | Begun | Denial | undefined> {
    const { host, channels, feeds, commands } = this.#parts;
    if (request.method === "refresh") return host.refresh(request);
    if (host.isExpired && !WITHOUT_TOKEN.has(request.method)) return deny(realtimeProblems.TOKEN_EXPIRED);
    switch (request.method) {
      case "subscribe":
        return feeds.offers(request.channel) ? feeds.subscribe(request) : channels.subscribe(request);
      case "sub_refresh":
        return channels.refresh(request);
      case "unsubscribe":
        channels.unsubscribe(request.channel);
        feeds.unsubscribe(request.channel);
        return {};
      case "rpc":
        host.noteUse();
        return commands.call(request);
      case "publish":
        host.noteUse();
        return commands.publish(request);
      case "history":
        return commands.history(request);
      case "presence":
      case "presence_stats":
        return commands.presence(request);
      case "ping":
        return {};
      case "connect":
        return deny(realtimeProblems.FRAME_MALFORMED);
    }
  }
}

const FLOODED: CloseCause = { disconnect: DISCONNECT.tooMany, event: realtimeEvents.connection_flooded };
const GARBLED: CloseCause = { disconnect: DISCONNECT.badRequest, event: realtimeEvents.connection_protocol_fail };
