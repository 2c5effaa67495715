import { z } from "zod";
import { UsageError, type Command } from "../command.ts";
import { operateAndShow } from "../operate.ts";

const Link = z.object({ path: z.string() });

/** `gatehouse link console|guest`. */
export const link: Command = {
  name: "link",
  usage: "console|guest",
  summary: "Makes a one-time link that signs an operator into the console, or a guest into the application.",
  run: (context) => {
    const [purpose] = context.words;
    if (purpose !== "console" && purpose !== "guest") {
      throw new UsageError("Say what the link is for: gatehouse link console, or gatehouse link guest.");
    }
    return operateAndShow(context, { action: "links.issue", input: { purpose } }, (value, origin) => {
      context.terminal.print(`${origin}${Link.parse(value).path}`);
    });
  },
};
