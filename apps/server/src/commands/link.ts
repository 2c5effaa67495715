import { z } from "zod";
import { UsageError, type Command } from "../command.ts";
import { operateAndShow } from "../operate.ts";

const Link = z.object({ path: z.string() });

/** `gatehouse link console`, and a link for every other purpose the application names. */
export const link: Command = {
  name: "link",
  usage: "PURPOSE",
  words: 1,
  summary:
    "Makes a one-time link: `console` signs an operator in, other purposes are the application's (gallery: `guest`).",
  run: (context) => {
    const [purpose] = context.words;
    if (purpose === undefined) {
      const purposes = ["console", ...Object.keys(context.application.linkTargets ?? {})];
      throw new UsageError(`Say what the link is for: gatehouse link ${purposes.join(", or gatehouse link ")}.`);
    }
    return operateAndShow(context, { action: "links.issue", input: { purpose } }, (value, origin) => {
      context.terminal.print(`${origin}${Link.parse(value).path}`);
    });
  },
};
