import { z } from "zod";
import type { ChannelKey, StoredPublication } from "../../kernel/ports/publications.ts";
import type { Pushed } from "../pushed.ts";
import { publicationPush } from "../protocol/encode.ts";
import { readMessageAs } from "./read-message.ts";

const pushedSchema = z.object({
  kind: z.enum(["publication", "join", "leave", "unsubscribe"]),
  position: z.object({ offset: z.number(), epoch: z.string() }).optional(),
  message: z.string(),
  except: z.array(z.string()).optional(),
  audience: z
    .object({ principals: z.array(z.string()).optional(), connections: z.array(z.string()).optional() })
    .optional(),
  coalesce: z.string().optional(),
});

/** Where nodes tell each other what is pushed on a channel. */
export function channelTopic({ tenant, channel }: ChannelKey): string {
  return `gatehouse.realtime.channel.${JSON.stringify([tenant, channel])}`;
}

/** What is pushed, as a text for other nodes: the topic tells the channel. */
export function writePushed({ tenant: _tenant, channel: _channel, ...rest }: Pushed): string {
  return JSON.stringify(rest);
}

/** What was pushed on a channel; `undefined` where the text is nothing of the kind, as another release's may be. */
export function readPushed(key: ChannelKey, text: string): Pushed | undefined {
  const read = readMessageAs(pushedSchema, text);
  if (read === undefined) return undefined;
  const { kind, message, position, except, audience, coalesce } = read;
  return {
    ...{ tenant: key.tenant, channel: key.channel, kind, message },
    ...(position === undefined ? {} : { position }),
    ...(except === undefined ? {} : { except }),
    ...(audience === undefined ? {} : { audience: audienceOf(audience) }),
    ...(coalesce === undefined ? {} : { coalesce }),
  };
}

/** A publication of the store as it is pushed. */
export function pushedFrom({ tenant, channel }: ChannelKey, stored: StoredPublication): Pushed {
  const { offset, epoch, audience, except } = stored;
  return {
    ...{ tenant, channel, kind: "publication", position: { offset, epoch } },
    message: publicationPush(channel, stored),
    ...(except === undefined ? {} : { except }),
    ...(audience === undefined ? {} : { audience: { principals: audience } }),
  };
}

function audienceOf({
  principals,
  connections,
}: NonNullable<z.infer<typeof pushedSchema>["audience"]>): NonNullable<Pushed["audience"]> {
  return { ...(principals === undefined ? {} : { principals }), ...(connections === undefined ? {} : { connections }) };
}
