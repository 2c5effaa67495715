import type { Dice } from "../drill.ts";

/** A request before it is written down, of which anything may be wrong. Texts are bytes, as Latin-1. */
export interface Draft {
  method: string;
  target: string;
  version: string;
  /** What ends a line of the head. */
  lineEnd: string;
  headers: [name: string, value: string][];
  body: Buffer;
  /** Values of Content-Length, or the one that fits the body. */
  lengths: string[] | "fitting";
  /** What follows the request on its connection. */
  tail: Buffer;
  /** How it is sent. */
  sending: Sending;
}

/**
 * `whole`: at once. `pieces`: in several writes with pauses. `half`: its first half, and then nothing more.
 * `stalled`: its first half, and then nothing for a while, until the connection is cut. `reset`: the connection is cut
 * while the answer is awaited.
 */
export type Sending = "whole" | "pieces" | "half" | "stalled" | "reset";

/** Something that can be wrong with a request. */
export interface Flaw {
  readonly name: string;
  readonly spoil: (draft: Draft, dice: Dice) => void;
}

/** The bytes of a draft. */
export function encode(draft: Draft): Buffer {
  const { method, target, version, lineEnd, body, lengths, tail } = draft;
  const fitting = body.length === 0 ? [] : [String(body.length)];
  const headers = [
    ...draft.headers,
    ...(lengths === "fitting" ? fitting : lengths).map((value) => ["Content-Length", value] as const),
  ];
  const lines = [
    [method, target, version].filter((part) => part !== "").join(" "),
    ...headers.map(([name, value]) => (value === NO_COLON ? name : `${name}: ${value}`)),
  ];
  return Buffer.concat([Buffer.from(lines.join(lineEnd) + lineEnd + lineEnd, "latin1"), body, tail]);
}

/** In place of a value: the line is only the name. */
export const NO_COLON = "\u0000no colon";

/** Sets a header, in place of those of its name. */
export function setHeader(draft: Draft, name: string, value: string): void {
  draft.headers = draft.headers.filter(([other]) => other.toLowerCase() !== name.toLowerCase());
  draft.headers.push([name, value]);
}

/** Takes a header away. */
export function dropHeader(draft: Draft, name: string): void {
  draft.headers = draft.headers.filter(([other]) => other.toLowerCase() !== name.toLowerCase());
}

/** Random bytes. */
export function noise(dice: Dice, length: number): Buffer {
  return Buffer.from(Array.from({ length }, () => dice.integer(0, 255)));
}

/** A text with one of its characters replaced, removed, repeated or added. */
export function scratch(text: string, dice: Dice): string {
  const at = dice.integer(0, Math.max(0, text.length - 1));
  const odd = String.fromCharCode(dice.integer(0, 255));
  switch (dice.integer(0, 3)) {
    case 0:
      return text.slice(0, at) + odd + text.slice(at + 1);
    case 1:
      return text.slice(0, at) + text.slice(at + 1);
    case 2:
      return text.slice(0, at) + text.slice(at, at + 4).repeat(dice.integer(2, 50)) + text.slice(at + 4);
    default:
      return text.slice(0, at) + odd + text.slice(at);
  }
}
