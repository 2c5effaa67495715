import { z } from "zod";
import { UsageError, type Command } from "../command.ts";
import { operateAndShow } from "../operate.ts";

const Link = z.looseObject({ path: z.string(), origin: z.string().optional() });

/** `gatehouse link console`, and a link for every other purpose the application names. */
export const link: Command = {
  name: "link",
  usage: "PURPOSE",
  ofTenant: true,
  words: 1,
  summary:
    "Makes a one-time link: `console` signs an operator in, other purposes are the application's (gallery: `guest`).",
  run: (context) => {
    const [purpose] = context.words;
    if (purpose === undefined) {
      const purposes = ["console", ...Object.keys(context.application.linkTargets ?? {})];
      throw new UsageError(`Say what the link is for: gatehouse link ${purposes.join(", or gatehouse link ")}.`);
    }
    const url = (value: unknown, origin: string): string => {
      const made = Link.parse(value);
      return (made.origin ?? origin) + made.path;
    };
    const operation = {
      action: "links.issue",
      input: { purpose },
      json: (value: unknown, origin: string) => ({ ...Link.parse(value), url: url(value, origin) }),
    };
    return operateAndShow(context, operation, (value, origin) => context.terminal.print(url(value, origin)));
  },
};
