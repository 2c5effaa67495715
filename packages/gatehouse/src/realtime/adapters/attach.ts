import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocketServer, type ServerOptions } from "ws";
import { answerOnSocket } from "../../http/raw-refusal.ts";
import { systemClock, type Clock } from "../../kernel/clock.ts";
import { systemTimers, type Timers } from "../../kernel/timers.ts";
import { requireEncryption } from "../lines/encryption.ts";
import type { Lines } from "../lines/lines.ts";
import { LINE_PATHS } from "../lines/paths.ts";
import type { AdmittedUpgrade } from "../lines/upgrade-gate.ts";
import { asksForWebSocket, SUBPROTOCOL } from "../lines/upgrade-request.ts";
import { TextFrames } from "./text-frames.ts";
import { WebSocketLine, type WebSocketLineParts } from "./websocket-line.ts";

/** What may be chosen about an attachment; the machine's by default. */
export interface AttachOptions {
  readonly clock?: Pick<Clock, "monotonic">;
  readonly timers?: Timers;
}

/** Pieces of a message, and of what has arrived of a frame: honest senders need few, and each costs memory of its own. */
const MOST_FRAGMENTS = 64;
const MOST_PIECES = 1_024;

/** Node decides by it which requests are upgrades; it is no part of the published types yet. */
interface Upgrading {
  shouldUpgradeCallback?: (message: IncomingMessage) => boolean;
}

/**
 * Opens WebSockets on a Node server, whoever made it: the `server` of `listen`, of `app.listen` of Express or Fastify, of
 * `serve` of Hono, or of `node:http`. Upgrades to other paths are left to other listeners, where there are any. Disposing
 * the result opens no more; what is open stays.
 * @throws {BootRefusedError} in production, where nobody encrypts connections.
 */
export function attachRealtime(server: Server, lines: Lines, options: AttachOptions = {}): Disposable {
  requireEncryption(server, lines.encryption);
  const { clock = systemClock, timers = systemTimers } = options;
  const parts = { clock, timers, frames: new TextFrames() };
  const sockets = new WebSocketServer(socketOptions(lines.settings.frameBytes));
  const upgrade = (message: IncomingMessage, socket: Duplex, head: Buffer): void => {
    if (isForOthers(server, message)) return;
    // A socket whose error nobody hears ends the process.
    socket.on("error", () => socket.destroy());
    void open({ lines, sockets, parts }, { message, socket, head });
  };
  server.on("upgrade", upgrade);
  const restore = leaveOtherProtocols(server);
  return {
    [Symbol.dispose]: () => {
      server.off("upgrade", upgrade);
      restore();
    },
  };
}

function socketOptions(maxPayload: number): ServerOptions {
  return {
    noServer: true,
    clientTracking: false,
    // What a few bytes are inflated to is nobody's to bound.
    perMessageDeflate: false,
    maxPayload,
    maxFragments: MOST_FRAGMENTS,
    maxBufferedChunks: MOST_PIECES,
    // Answered by the line, which counts them.
    autoPong: false,
    handleProtocols: (offered) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
  };
}

interface Attachment {
  readonly lines: Lines;
  readonly sockets: WebSocketServer;
  readonly parts: WebSocketLineParts;
}

interface UpgradeRequest {
  readonly message: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
}

async function open({ lines, sockets, parts }: Attachment, request: UpgradeRequest): Promise<void> {
  const { message, socket, head } = request;
  const decided = await lines.upgrade(message, head);
  if (decided instanceof Response) return answerOnSocket(socket, decided);
  const taken = { by: false };
  sockets.handleUpgrade(message, socket, head, (webSocket) => {
    taken.by = true;
    const line = new WebSocketLine({ socket: webSocket, stream: socket }, parts);
    line.begin(lines.begin(line, decided.opening.admitted()));
  });
  // The sender went away meanwhile.
  if (!taken.by) release(decided);
}

function release({ opening }: AdmittedUpgrade): void {
  opening.release();
}

function isForOthers(server: Server, { url = "" }: IncomingMessage): boolean {
  const end = url.indexOf("?");
  const path = end === -1 ? url : url.slice(0, end);
  return path !== LINE_PATHS.websocket && server.listenerCount("upgrade") > 1;
}

/**
 * Once anybody listens for upgrades, Node takes every request for one that has an `Upgrade` field, which is no reason not
 * to answer it (RFC 9110 section 7.8): some clients offer HTTP/2 with each.
 */
function leaveOtherProtocols(server: Server & Upgrading): () => void {
  const before = server.shouldUpgradeCallback;
  if (before === undefined) return () => {};
  const decide = (message: IncomingMessage): boolean =>
    asksForWebSocket(message) || (server.listenerCount("upgrade") > 1 && before.call(server, message));
  server.shouldUpgradeCallback = decide;
  return () => {
    if (server.shouldUpgradeCallback === decide) server.shouldUpgradeCallback = before;
  };
}
