import { connect, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import type { Dice } from "../drill.ts";
import type { Sending } from "./draft.ts";

/** What came of some bytes on a connection of their own. */
export interface Exchange {
  /** Statuses of the answers, in order. */
  readonly statuses: readonly number[];
  /** The beginning of what was answered. */
  readonly text: string;
  /** Whether the server ended the connection by itself in time. */
  readonly closed: boolean;
}

/** Where bytes are sent. */
export interface Destination {
  readonly port: number;
  readonly localAddress: string;
}

/** Milliseconds until a connection is taken for one that the server forgot. */
const PATIENCE = 30_000;
/** Milliseconds a client waits for its answers before it hangs up. */
const ANSWER_TIME = 1_200;
const MOST_TEXT = 200_000;
const STATUS_LINE = /HTTP\/1\.1 (\d{3}) [^\r\n]*\r\n(?=[\w-]+: )/g;

/** How bytes are sent, and how many answers there should be. */
export interface Manner {
  readonly sending: Sending;
  readonly expected: number;
  readonly dice: Dice;
}

/** Sends bytes in one of several manners, and waits until the connection is over. */
export async function exchange(to: Destination, bytes: Buffer, manner: Manner): Promise<Exchange> {
  const socket = connect({ host: "127.0.0.1", port: to.port, localAddress: to.localAddress });
  let text = "";
  let closed = true;
  const answers = (): RegExpExecArray[] => [...text.matchAll(STATUS_LINE)];
  socket.setEncoding("latin1");
  socket.on("data", (chunk: string) => {
    if (text.length < MOST_TEXT) text += chunk;
  });
  // A connection may be refused to go on at any moment; what counts is what was answered until then.
  socket.on("error", () => undefined);
  const over = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  const forced = setTimeout(() => {
    closed = false;
    socket.destroy();
  }, PATIENCE);
  await send(socket, bytes, manner);
  if (manner.sending === "whole" || manner.sending === "pieces") {
    // Whoever hangs up early is not answered; a client waits for its answers.
    const deadline = performance.now() + ANSWER_TIME;
    while (!socket.closed && performance.now() < deadline && answers().length < manner.expected) await delay(2);
    socket.end();
  }
  await over;
  clearTimeout(forced);
  return { statuses: answers().map(([, status]) => Number(status)), text, closed };
}

async function send(socket: Socket, bytes: Buffer, { sending, dice }: Manner): Promise<void> {
  const half = bytes.subarray(0, Math.floor(bytes.length / 2));
  switch (sending) {
    case "whole":
      socket.write(bytes);
      return;
    case "half":
      socket.end(half);
      return;
    case "pieces":
      await sendPieces(socket, bytes, dice);
      return;
    case "stalled":
      socket.write(half);
      await delay(dice.integer(5, 150));
      socket.destroy();
      return;
    case "reset":
      socket.write(bytes);
      await delay(dice.integer(0, 8));
      socket.resetAndDestroy();
  }
}

async function sendPieces(socket: Socket, bytes: Buffer, dice: Dice): Promise<void> {
  const count = dice.integer(2, 6);
  let start = 0;
  for (let piece = 1; piece <= count && !socket.destroyed; piece += 1) {
    const end = piece === count ? bytes.length : Math.min(bytes.length, start + dice.integer(1, bytes.length));
    socket.write(bytes.subarray(start, end));
    start = end;
    await delay(dice.integer(0, 10));
  }
}
