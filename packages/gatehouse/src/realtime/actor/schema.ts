import type { StandardSchemaV1 } from "@standard-schema/spec";
import { isChannelPart } from "../channel-name.ts";
import type { ChannelInput, HistoryInput, SubscribeInput } from "../subscription.ts";

/** What attempts bring along with a key. */
type Keyed = { readonly key: readonly string[] };

const LONGEST_TEXT = 4096;
const EPOCH = /^[A-Za-z0-9_-]{0,64}$/;

/** The input of commands: a key with so many parts, and what the command's own schema makes of the rest. */
export function commandSchema<Output>(
  parts: number,
  schema: StandardSchemaV1<unknown, Output>,
): StandardSchemaV1<unknown, { readonly key: readonly string[]; readonly input: Output }> {
  const own = schema["~standard"];
  return made(own.vendor, (value) => {
    const key = keyOf(value, parts);
    if (!isObject(value) || key === undefined) return KEY_REFUSED;
    const result = own.validate(value["input"]);
    return result instanceof Promise ? result.then((later) => wrap(key, later)) : wrap(key, result);
  });
}

function wrap<Output>(
  key: readonly string[],
  result: StandardSchemaV1.Result<Output>,
): StandardSchemaV1.Result<{ key: readonly string[]; input: Output }> {
  if (result.issues === undefined) return { value: { key, input: result.value } };
  return { issues: result.issues.map((issue) => ({ ...issue, path: ["input", ...(issue.path ?? [])] })) };
}

/** The input of attempts at a channel. */
export function channelSchema(parts: number): StandardSchemaV1<unknown, ChannelInput> {
  return made("gatehouse", (value) => channelOf(value, parts));
}

/** The input of subscribing. */
export function subscribeSchema(parts: number): StandardSchemaV1<unknown, SubscribeInput> {
  return made("gatehouse", (value) => {
    const found = channelOf(value, parts);
    if (found.issues !== undefined || !isObject(value)) return found;
    const since = positionOf(value["since"]);
    if (since === "malformed") return refuse("This is not a position.", "since");
    const { data, token } = value;
    if (token !== undefined && (typeof token !== "string" || token.length > LONGEST_TEXT)) {
      return refuse("This is not a token.", "token");
    }
    const more = {
      ...(since && { since }),
      ...(token !== undefined && { token }),
      ...(data !== undefined && { data }),
    };
    return { value: { ...found.value, ...more } };
  });
}

/** The input of reading a stream. */
export function historySchema(parts: number): StandardSchemaV1<unknown, HistoryInput> {
  return made("gatehouse", (value) => {
    const found = channelOf(value, parts);
    if (found.issues !== undefined) return found;
    if (!isObject(value)) return KEY_REFUSED;
    const since = positionOf(value["since"]);
    if (since === "malformed") return refuse("This is not a position.", "since");
    const { limit, reverse } = value;
    if (typeof limit !== "number" || !Number.isSafeInteger(limit) || limit < 0) {
      return refuse("This is not a whole number, 0 or more.", "limit");
    }
    if (typeof reverse !== "boolean") return refuse("This is neither true nor false.", "reverse");
    return { value: { ...found.value, ...(since && { since }), limit, reverse } };
  });
}

function channelOf(value: unknown, parts: number): StandardSchemaV1.Result<ChannelInput> {
  const key = keyOf(value, parts);
  if (!isObject(value) || key === undefined) return KEY_REFUSED;
  const { channel } = value;
  if (typeof channel !== "string" || !isChannelPart(channel)) return refuse("This is not a channel.", "channel");
  return { value: { key, channel } };
}

function positionOf(value: unknown): SubscribeInput["since"] | "malformed" {
  if (value === undefined) return undefined;
  if (!isObject(value)) return "malformed";
  const { offset, epoch } = value;
  if (typeof offset !== "number" || !Number.isSafeInteger(offset) || offset < 0) return "malformed";
  return typeof epoch === "string" && EPOCH.test(epoch) ? { offset, epoch } : "malformed";
}

function keyOf(value: unknown, parts: number): Keyed["key"] | undefined {
  if (!isObject(value)) return undefined;
  const { key } = value;
  if (!Array.isArray(key) || key.length !== parts) return undefined;
  const texts = key.filter((part: unknown): part is string => typeof part === "string" && isChannelPart(part));
  return texts.length === parts ? texts : undefined;
}

const KEY_REFUSED = refuse("This is not a key of this type of actor.", "key");

function refuse(message: string, name: string): StandardSchemaV1.FailureResult {
  return { issues: [{ message, path: [name] }] };
}

function made<Output>(
  vendor: string,
  validate: (value: unknown) => StandardSchemaV1.Result<Output> | Promise<StandardSchemaV1.Result<Output>>,
): StandardSchemaV1<unknown, Output> {
  return { "~standard": { version: 1, vendor, validate } };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

/**
 * What a schema makes of a value that an actor's own code has made.
 * @throws {TypeError} when it does not fit, saying where and showing no values; and for schemas that have to wait
 */
export function requireFit<Output>(schema: StandardSchemaV1<unknown, Output>, value: unknown, subject: string): Output {
  const result = schema["~standard"].validate(value);
  if (result instanceof Promise) throw new TypeError(`${subject} has a schema that is not synchronous.`);
  if (result.issues === undefined) return result.value;
  const places = result.issues.slice(0, MOST_PLACES).map(({ path = [] }) => `"${path.map(nameOf).join(".")}"`);
  throw new TypeError(`${subject} does not fit its schema at ${places.join(", ")}.`);
}

const MOST_PLACES = 5;

function nameOf(segment: PropertyKey | StandardSchemaV1.PathSegment): string {
  return String(typeof segment === "object" ? segment.key : segment);
}
