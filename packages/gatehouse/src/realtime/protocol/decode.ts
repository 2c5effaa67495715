import { parseJson, type JsonLimits } from "../../http/json-body.ts";
import type { StreamPosition } from "../../kernel/ports/publications.ts";
import { isChannelPart } from "../channel-name.ts";
import type { Command, Request } from "./command.ts";

/** Bounds on one command. */
const JSON_LIMITS: JsonLimits = { depth: 32, members: 1_000, values: 5_000 };
/** Commands of one frame: all channels of a connection that comes back, and some more. */
export const MOST_COMMANDS = 128;

const LONGEST_TEXT = 200;
/** Longer than an identifier of an intent may be: the guard that looks at it says so, and records it. */
const LONGEST_INTENT = 1_024;
const LONGEST_TOKEN = 8_192;
const LONGEST_KEY = 8;
const LARGEST_ID = 0xffff_ffff;
const CHANNEL = /^[A-Za-z0-9:._-]{1,200}$/;
const CALL = /^[A-Za-z][A-Za-z0-9-]{0,63}\.[A-Za-z_][A-Za-z0-9_-]{0,63}$/;
const EPOCH = /^[A-Za-z0-9_.-]{0,64}$/;
/** `rejectUnrecovered` among the flags of a subscription. */
const REJECT_UNRECOVERED = 2;

/** The limit of a history that asks for all there is. */
const EVERYTHING = -1;

type Members = Readonly<Record<string, unknown>>;

/** The lines of a frame; `undefined` where there are too many. Empty ones say nothing, and count. */
export function splitFrame(frame: string): readonly string[] | undefined {
  const pieces = frame.split("\n", MOST_COMMANDS + 2);
  const lines = pieces.filter((line) => line.trim() !== "");
  // One more than commands, because the last line may have an end.
  return pieces.length > MOST_COMMANDS + 1 || lines.length > MOST_COMMANDS ? undefined : lines;
}

/** What a line says. Never throws. */
export function decodeCommand(line: string): Command {
  const parsed = parseJson(line, JSON_LIMITS);
  if (!parsed.ok || !isMembers(parsed.value)) return { kind: "garbage" };
  const { id = 0, ...rest } = parsed.value;
  const methods = Object.keys(rest);
  const [method] = methods;
  if (!isNatural(id, LARGEST_ID)) return { kind: "garbage" };
  if (method === undefined) return id === 0 ? { kind: "pong" } : { kind: "malformed", id };
  if (methods.length > 1) return { kind: "malformed", id };
  const read = readers.get(method);
  if (read === undefined) return { kind: "unknown", id };
  // Without an identifier nobody would know what is being answered.
  if (id === 0) return { kind: "garbage" };
  const params = rest[method];
  const request = isMembers(params) ? read(params) : undefined;
  return request === undefined ? { kind: "malformed", id } : { kind: "request", id, request };
}

type Reader = (params: Members) => Request | undefined;

const readers: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ["connect", readConnect],
  ["refresh", readRefresh],
  ["subscribe", readSubscribe],
  ["sub_refresh", readSubRefresh],
  ["unsubscribe", readChannel("unsubscribe")],
  ["presence", readChannel("presence")],
  ["presence_stats", readChannel("presence_stats")],
  ["publish", readPublish],
  ["history", readHistory],
  ["rpc", readRpc],
  ["ping", () => ({ method: "ping" })],
]);

function readConnect({ token, data, name, version }: Members): Request | undefined {
  if (!isOptional(token, isToken) || !isOptional(name, isText) || !isOptional(version, isText)) return undefined;
  return { method: "connect", ...present({ token, data, name, version }) };
}

function readRefresh({ token }: Members): Request | undefined {
  return isToken(token) ? { method: "refresh", token } : undefined;
}

function readSubscribe(params: Members): Request | undefined {
  const { channel, token, data, recover = false, flag = 0 } = params;
  if (!isChannel(channel) || !isOptional(token, isToken)) return undefined;
  if (typeof recover !== "boolean" || !isNatural(flag, LARGEST_ID)) return undefined;
  const since = recover ? readPosition(params) : undefined;
  if (recover && since === undefined) return undefined;
  const rejectUnrecovered = (flag & REJECT_UNRECOVERED) !== 0;
  return { method: "subscribe", channel, rejectUnrecovered, ...present({ token, data, since }) };
}

function readSubRefresh({ channel, token }: Members): Request | undefined {
  if (!isChannel(channel) || !isOptional(token, isToken)) return undefined;
  return { method: "sub_refresh", channel, ...present({ token }) };
}

function readChannel(method: "unsubscribe" | "presence" | "presence_stats"): Reader {
  return ({ channel }) => (isChannel(channel) ? { method, channel } : undefined);
}

function readPublish({ channel, data }: Members): Request | undefined {
  return isChannel(channel) && data !== undefined ? { method: "publish", channel, data } : undefined;
}

function readHistory({ channel, limit: wanted = 0, since, reverse = false }: Members): Request | undefined {
  const limit = wanted === EVERYTHING ? Number.MAX_SAFE_INTEGER : wanted;
  if (!isChannel(channel) || !isNatural(limit) || typeof reverse !== "boolean") return undefined;
  if (since === undefined || since === null) return { method: "history", channel, limit, reverse };
  const position = isMembers(since) ? readPosition(since) : undefined;
  return position && { method: "history", channel, limit, reverse, since: position };
}

/** `data` of a call is `{key, input, id?}`, and nothing else. */
function readRpc({ method: call, data }: Members): Request | undefined {
  if (typeof call !== "string" || !CALL.test(call) || !isMembers(data)) return undefined;
  const { key = [], input, id, ...others } = data;
  if (!isKey(key) || !isOptional(id, isIntent) || Object.keys(others).length > 0) return undefined;
  return { method: "rpc", call, key, input, ...present({ id }) };
}

function readPosition({ offset = 0, epoch = "" }: Members): StreamPosition | undefined {
  return isNatural(offset) && typeof epoch === "string" && EPOCH.test(epoch) ? { offset, epoch } : undefined;
}

function isMembers(value: unknown): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isNatural(value: unknown, most: number = Number.MAX_SAFE_INTEGER): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0 && Number(value) <= most;
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value.length <= LONGEST_TEXT;
}

function isIntent(value: unknown): value is string {
  return typeof value === "string" && value.length <= LONGEST_INTENT;
}

function isToken(value: unknown): value is string {
  return typeof value === "string" && value.length <= LONGEST_TOKEN;
}

function isChannel(value: unknown): value is string {
  return typeof value === "string" && CHANNEL.test(value);
}

function isKey(value: unknown): value is readonly string[] {
  return (
    Array.isArray(value) &&
    value.length <= LONGEST_KEY &&
    value.every((part) => typeof part === "string" && isChannelPart(part))
  );
}

function isOptional<Value>(value: unknown, is: (value: unknown) => value is Value): value is Value | undefined {
  return value === undefined || is(value);
}

type Present<Values> = { readonly [Name in keyof Values]?: Exclude<Values[Name], undefined> };

/** Without the members that are undefined. */
function present<Values extends object>(values: Values): Present<Values> {
  const kept = Object.entries(values).filter(([, value]) => value !== undefined);
  // What is left are members of `values` that are not undefined.
  return Object.fromEntries(kept) as Present<Values>;
}
