import { utf8 } from "../../kernel/codec.ts";
import type { Member } from "../presence.ts";
import type { StreamPublication } from "../subscription.ts";
import type { Disconnect } from "./codes.ts";
import type { ProtocolError } from "./protocol-error.ts";

/** A sign of life, and the answer to it. */
export const PING: Uint8Array = utf8("{}");

/** Names of members whose values are JSON texts already and go out as they are. */
const RAW = Symbol("raw");

/** A JSON text that is put into a message as it is. */
export interface RawJson {
  readonly [RAW]: string;
}

/**
 * Has a JSON text put into a message as it is.
 * @throws {SyntaxError} for a text of several lines that is not JSON: lines are what messages are told apart by.
 */
export function raw(json: string): RawJson {
  return { [RAW]: /[\r\n]/.test(json) ? JSON.stringify(JSON.parse(json)) : json };
}

/**
 * Has a value put into a message as `JSON.stringify` writes it; `null` for what it leaves out.
 * @throws {TypeError} for what JSON has no words for.
 */
export function json(value: unknown): RawJson {
  return { [RAW]: JSON.stringify(value) ?? "null" };
}

/** A reply to a command. */
export function reply(id: number, method: string, result: Readonly<Record<string, unknown>>): string {
  return write({ id, [method]: result });
}

/** A reply to a command that was not carried out. */
export function errorReply(id: number, error: ProtocolError): string {
  return JSON.stringify({ id, error });
}

/** Tells a channel of a publication. What a client or actor said is under `data` and nowhere else. */
export function publicationPush(
  channel: string,
  { data, offset, info }: Omit<StreamPublication, "offset"> & { readonly offset?: number },
): string {
  return write({ push: { channel, pub: wirePublication({ data, info, offset }) } });
}

/** Tells a channel who has come or gone. */
export function memberPush(kind: "join" | "leave", channel: string, info: Member): string {
  return JSON.stringify({ push: { channel, [kind]: { info } } });
}

/** Tells a client that it hears a channel no more. */
export function unsubscribePush(channel: string, { code, reason }: Disconnect): string {
  return JSON.stringify({ push: { channel, unsubscribe: { code, reason } } });
}

/** Tells a client that its connection ends, on lines that have no close codes. */
export function disconnectPush({ code, reason }: Disconnect): string {
  return JSON.stringify({ push: { disconnect: { code, reason } } });
}

/** A publication as replies carry it. */
export function wirePublication({
  data,
  offset,
  info,
}: {
  readonly data: string;
  readonly offset?: number | undefined;
  readonly info?: string | undefined;
}): Readonly<Record<string, unknown>> {
  return {
    data: raw(data),
    ...(offset === undefined ? {} : { offset }),
    ...(info === undefined ? {} : { info: raw(info) }),
  };
}

/** `JSON.stringify` that puts `RawJson` in as it is. */
function write(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((entry: unknown) => write(entry)).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  if (RAW in value) return String(value[RAW]);
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${write(member)}`).join(",")}}`;
}
