import type { ActorAddress } from "../kernel/ports/actors.ts";

/** What a channel is made of. */
export interface ChannelParts {
  readonly type: string;
  readonly key: readonly string[];
  /** `DEFAULT_CHANNEL` where the name of the channel has no further part. */
  readonly channel: string;
}

/** The channel of an actor that needs no name. */
export const DEFAULT_CHANNEL = "default";

const CHANNEL = /^[A-Za-z0-9:._-]{1,200}$/;
const PART = /^[A-Za-z0-9._-]{1,64}$/;

/** Whether a text can be a type, a part of a key or the name of a channel. None can contain what joins them. */
export function isChannelPart(text: string): boolean {
  return PART.test(text);
}

/**
 * `type:part:part` for an actor's default channel, `type:part:part:name` for another one. An actor type has a fixed number
 * of parts in its key, so that no name reads as two channels.
 * @throws {TypeError} for parts that `isChannelPart` refuses, or a name longer than 200 characters.
 */
export function channelName({ type, key }: Omit<ActorAddress, "tenant">, channel: string = DEFAULT_CHANNEL): string {
  const parts = channel === DEFAULT_CHANNEL ? [type, ...key] : [type, ...key, channel];
  const name = parts.join(":");
  if (!parts.every(isChannelPart) || !CHANNEL.test(name)) throw new TypeError("The parts do not make a channel.");
  return name;
}

/** Takes a channel apart; `undefined` where it is none. `partsOf` says how many parts the keys of a type have. */
export function parseChannel(text: string, partsOf: (type: string) => number | undefined): ChannelParts | undefined {
  if (!CHANNEL.test(text)) return undefined;
  const [type = "", ...rest] = text.split(":");
  const count = partsOf(type);
  if (count === undefined || !rest.every(isChannelPart)) return undefined;
  const key = rest.slice(0, count);
  if (key.length < count || rest.length > count + 1) return undefined;
  const channel = rest[count] ?? DEFAULT_CHANNEL;
  // The default channel has one name.
  return rest.length > count && channel === DEFAULT_CHANNEL ? undefined : { type, key, channel };
}
