import { utf8 } from "../../kernel/codec.ts";
import type { Principal } from "../../kernel/attempt.ts";
import { deny, isDenial, type Denial } from "../../kernel/outcome.ts";
import type { Admitted } from "../admitted.ts";
import { realtimeEvents } from "../events.ts";
import { realtimeProblems } from "../problems.ts";
import { DISCONNECT } from "../protocol/codes.ts";
import type { ConnectCommand, RefreshCommand } from "../protocol/command.ts";
import { PING, reply } from "../protocol/encode.ts";
import { disconnectOf } from "../protocol/protocol-error.ts";
import { refusalOfToken } from "../protocol/refused-token.ts";
import type { Transport, TransportEvents } from "../transport.ts";
import { ConnectionAttempts } from "./attempts.ts";
import { Channels, type Answer } from "./channels.ts";
import { recordClose, type CloseCause } from "./close-cause.ts";
import { Commands } from "./commands.ts";
import { Dialogue, type DialogueHost } from "./dialogue.ts";
import { Feeds } from "./feeds.ts";
import { Outbox } from "./outbox.ts";
import type { Shared } from "./shared.ts";
import { isInvited, Standing } from "./standing.ts";
import { count } from "./statistics.ts";
import { wheelEntry } from "./wheel.ts";

/** What a connection is opened on. */
export interface Line {
  readonly transport: Transport;
  readonly admitted: Admitted;
  /** Names the connection to those who send its commands in requests of their own. A secret of its client. */
  readonly session: string;
}

/** Told of what becomes of a connection. */
export interface ConnectionOwner {
  /** It is known whom it belongs to, or what it may do has changed. */
  identified(connection: Connection): void;
  gone(connection: Connection): void;
}

/** The most that a client may say about itself. */
const LARGEST_DATA = 4_096;
/** Milliseconds after which it is looked whether a slow reader has caught up. */
const CATCH_UP = 250;

/** One connection of a client, from its opening to its end. */
export class Connection implements TransportEvents, DialogueHost {
  readonly client: string;
  readonly session: string;
  readonly admitted: Admitted;
  readonly transport: Transport;
  readonly channels: Channels;
  readonly feeds: Feeds;
  readonly outbox: Outbox;
  readonly #shared: Shared;
  readonly #owner: ConnectionOwner;
  readonly #attempts: ConnectionAttempts;
  readonly #standing: Standing;
  readonly #dialogue: Dialogue;
  readonly #entry = wheelEntry((now) => this.#wake(now));
  #state: DialogueHost["state"] = "new";
  #connectBy: number;
  #nextPing = Infinity;
  #pongBy = Infinity;
  #resumeAt = Infinity;
  #drainAt = Infinity;
  #isReleased = false;

  constructor(shared: Shared, { transport, admitted, session }: Line, owner: ConnectionOwner) {
    const { queueSoft: soft, queueHard: hard, connectTimeout } = shared.settings;
    const { flusher } = shared;
    this.client = shared.ids.next();
    this.session = session;
    this.admitted = admitted;
    this.transport = transport;
    this.#shared = shared;
    this.#owner = owner;
    this.#attempts = new ConnectionAttempts(shared, admitted, this.client);
    this.#standing = new Standing(shared, admitted, this.#attempts);
    const slow = (): void => this.close({ disconnect: DISCONNECT.slow, event: realtimeEvents.connection_slow });
    this.outbox = new Outbox({ transport, flusher, soft, hard, slow, withholding: () => this.#schedule() });
    const lost = (): void => this.close({ disconnect: DISCONNECT.positionLost });
    const { outbox, client } = this;
    this.channels = new Channels({ shared, attempts: this.#attempts, outbox, client, lost });
    this.feeds = new Feeds({ shared, attempts: this.#attempts, outbox });
    const commands = new Commands(shared, this.#attempts);
    this.#dialogue = new Dialogue({ shared, host: this, channels: this.channels, feeds: this.feeds, commands });
    this.#connectBy = shared.clock.monotonic() + connectTimeout;
    this.#schedule();
  }

  get state(): DialogueHost["state"] {
    return this.#state;
  }

  /** Whom it belongs to; `undefined` until that is known. */
  get principal(): Principal | undefined {
    return this.#attempts.principal;
  }

  get isExpired(): boolean {
    return this.#standing.isExpired;
  }

  received(message: string): void {
    if (this.#state === "closed") return;
    this.#pongBy = Infinity;
    this.#dialogue.receive(message);
  }

  closed(): void {
    this.#finish(0);
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.admitted.release();
  }

  close({ disconnect, event }: CloseCause): void {
    if (this.#state === "closed") return;
    if (event !== undefined) recordClose(this.#shared, this, { event, disconnect });
    this.#finish(disconnect.code);
    if (this.#resumeAt !== Infinity) this.transport.resume();
    this.transport.close(disconnect.code, disconnect.reason);
  }

  /** Closes it at a time of the monotonic clock, because the server stops. */
  closeAt(time: number): void {
    this.#drainAt = time;
    this.#schedule();
  }

  /** Finds out now whether anybody is there. */
  probe(): void {
    const { clock, settings } = this.#shared;
    if (this.#state !== "connected" || this.#pongBy !== Infinity) return;
    this.outbox.send(PING);
    this.#pongBy = clock.monotonic() + settings.pong;
    this.#schedule();
  }

  /** Looks again at what it came with. */
  async look(): Promise<void> {
    if (this.#state === "closed") return;
    const before = this.principal;
    const verdict = await this.#standing.look();
    // Closed while nobody looked.
    if (this.state === "closed") return;
    if (verdict.kind === "ended")
      return this.close({ disconnect: verdict.disconnect, event: realtimeEvents.connection_ended });
    if (before !== this.principal) this.#owner.identified(this);
    this.#schedule();
    if (verdict.kind === "changed") this.feeds.restart();
    if (verdict.kind === "changed" || isInvited(this.principal)) await this.channels.reauthorise();
  }

  say(message: string): void {
    this.outbox.send(utf8(message));
  }

  pauseUntil(time: number): void {
    if (this.#resumeAt === Infinity) this.transport.pause();
    this.#resumeAt = time;
    this.#schedule();
  }

  noteUse(): void {
    this.#standing.used = true;
  }

  connect(id: number, command: ConnectCommand): void {
    this.#state = "connecting";
    this.#identify(command).then(
      (answer) => this.#begin(id, answer),
      (error: unknown) => {
        this.#shared.report(error);
        this.close({ disconnect: DISCONNECT.internal });
      },
    );
  }

  async refresh({ token }: RefreshCommand): Promise<Answer | Denial | undefined> {
    const outcome = await this.#standing.refresh(token);
    if (outcome === "other") {
      this.close({ disconnect: DISCONNECT.badToken, event: realtimeEvents.connection_ended });
      return undefined;
    }
    if (!outcome.ok) return refusalOfToken(outcome, this.#standing.token, this.#shared.clock.now());
    this.#owner.identified(this);
    this.#schedule();
    this.feeds.restart();
    void this.channels.reauthorise().catch(this.#shared.report);
    return { client: this.client, ...this.#standing.lifetime };
  }

  /** Who is there, or why nobody is let in. */
  async #identify({ token, data, name, version }: ConnectCommand): Promise<Denial | undefined> {
    if (data !== undefined && JSON.stringify(data).length > LARGEST_DATA)
      return deny(realtimeProblems.COMMAND_TOO_LARGE);
    const seen = this.#shared.revocations();
    const outcome = await this.#standing.begin(token, {
      ...(data === undefined ? {} : { data }),
      ...(name === undefined ? {} : { name }),
      ...(version === undefined ? {} : { version }),
    });
    if (this.state === "closed") return undefined;
    if (!outcome.ok) return refusalOfToken(outcome, this.#standing.token, this.#shared.clock.now());
    this.#owner.identified(this);
    // From here on it is found where something is revoked. What was revoked before may not have been seen yet.
    if (seen !== this.#shared.revocations()) await this.look();
    return undefined;
  }

  #begin(id: number, denial: Denial | undefined): void {
    if (this.#state === "closed") return;
    if (isDenial(denial)) {
      this.#dialogue.refuse(id, denial);
      return this.close({ disconnect: disconnectOf(denial) });
    }
    const { settings, clock, random, node } = this.#shared;
    this.#state = "connected";
    const spread = ((random.bytes(1)[0] ?? 0) + 1) / 512;
    this.#nextPing = clock.monotonic() + settings.ping * (0.5 + spread);
    const emulated = this.transport.kind === "websocket" ? {} : { session: this.session, node };
    const ping = { ping: Math.ceil(settings.ping / 1_000), pong: true };
    const answer = { client: this.client, version: VERSION, ...this.#standing.lifetime, ...ping, ...emulated };
    this.say(reply(id, "connect", answer));
    this.#schedule();
    this.#dialogue.begin();
  }

  #wake(now: number): void {
    if (this.#resumeAt <= now) {
      this.#resumeAt = Infinity;
      this.transport.resume();
      // What answers it has been waiting in the network.
      if (this.#pongBy !== Infinity) this.#pongBy = now + this.#shared.settings.pong;
    }
    if (this.#drainAt <= now) return this.close({ disconnect: DISCONNECT.shutdown });
    if (this.#state !== "connected") {
      if (this.#connectBy <= now) this.close({ disconnect: DISCONNECT.stale, event: realtimeEvents.connection_stale });
    } else this.#beat(now);
    this.#schedule();
  }

  #beat(now: number): void {
    const { settings, clock, report } = this.#shared;
    if (this.#pongBy <= now && this.#resumeAt === Infinity) return this.close({ disconnect: DISCONNECT.noPong });
    if (clock.now() >= this.#standing.expiresAt + settings.expiryGrace)
      return this.close({ disconnect: DISCONNECT.expired, event: realtimeEvents.connection_ended });
    this.channels.expire(clock.now(), settings.expiryGrace);
    this.outbox.catchUp();
    if (this.#nextPing > now) return;
    this.outbox.send(PING);
    this.#nextPing = now + settings.ping;
    this.#pongBy = now + settings.pong;
    this.look().catch(report);
  }

  #schedule(): void {
    if (this.#state === "closed") return;
    const { wheel, clock, settings } = this.#shared;
    const now = clock.monotonic();
    const always = Math.min(this.#resumeAt, this.#drainAt);
    if (this.#state !== "connected") return wheel.schedule(this.#entry, Math.min(always, this.#connectBy));
    const expiry = Math.min(this.#standing.expiresAt, this.channels.nextExpiry) + settings.expiryGrace;
    const catchUp = this.outbox.isWithholding ? now + CATCH_UP : Infinity;
    const pongBy = this.#resumeAt === Infinity ? this.#pongBy : Infinity;
    const at = Math.min(always, this.#nextPing, pongBy, catchUp, now + Math.max(0, expiry - clock.now()));
    wheel.schedule(this.#entry, at);
  }

  #finish(code: number): void {
    if (this.#state === "closed") return;
    const { wheel, statistics } = this.#shared;
    this.#state = "closed";
    wheel.cancel(this.#entry);
    this.#dialogue.end();
    this.#attempts.end();
    this.outbox.close();
    this.channels.close();
    this.feeds.close();
    statistics.dropped += this.outbox.dropped;
    count(statistics.closed, code);
    this.#owner.gone(this);
  }
}

/** What the protocol calls the version of a server. */
const VERSION = "gatehouse";
