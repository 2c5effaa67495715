import { z } from "zod";
import { UsageError, type Command } from "../command.ts";
import { operateAndShow } from "../operate.ts";
import { formatTable } from "../terminal.ts";

const Versions = z.object({
  versions: z.array(z.object({ version: z.number(), id: z.string(), state: z.string(), createdAt: z.number() })),
});
const Rotated = z.object({ version: z.number() });

/** `gatehouse keys list`. */
export const keysList: Command = {
  name: "keys list",
  usage: "",
  summary: "Lists the versions of the key ring, without the keys.",
  run: (context) =>
    operateAndShow(context, { action: "keys.list", input: {} }, (value) => {
      const rows = Versions.parse(value).versions.map(({ version, id, state, createdAt }) => [
        String(version),
        id,
        state,
        new Date(createdAt).toISOString(),
      ]);
      context.terminal.print(formatTable(["VERSION", "ID", "STATE", "CREATED"], rows));
    }),
};

/** `gatehouse keys rotate`. */
export const keysRotate: Command = {
  name: "keys rotate",
  usage: "",
  summary: "Makes a new key version current; data sealed before stays readable.",
  run: (context) => {
    if (context.config.keys.environment !== undefined) {
      throw new UsageError("The keys come from an environment variable: make the new version where that is kept.");
    }
    return operateAndShow(context, { action: "keys.rotate", input: {} }, (value) => {
      context.terminal.print(`Key version ${Rotated.parse(value).version} is current.`);
    });
  },
};
