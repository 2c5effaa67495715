import { z } from "zod";
import { UsageError, type Command, type CommandContext } from "../command.ts";
import { operateAndShow } from "../operate.ts";
import { formatTable } from "../terminal.ts";

const DAY = 86_400_000;
/** When the keys are to be rotated, as operations answer it. */
export const KeyRotation = z.object({
  version: z.number(),
  age: z.number(),
  dueAt: z.number(),
  due: z.boolean(),
});
const Versions = z.object({
  rotation: KeyRotation,
  versions: z.array(
    z.object({
      version: z.number(),
      id: z.string(),
      state: z.string(),
      createdAt: z.number(),
      retiredAt: z.number().optional(),
    }),
  ),
});
/** A key file of its own can be worked on without the installation it is for: the runbook on rotation does. */
function isKeptElsewhere({ config }: CommandContext): boolean {
  return config.keys.file !== undefined;
}

const Rotated = z.object({ version: z.number(), usedFrom: z.number() });

/** How long the newest version has been in use, and when it is to be replaced. */
export function describeRotation({ version, age, dueAt, due }: z.infer<typeof KeyRotation>): string {
  const days = Math.floor(age / DAY);
  const used = `Version ${version} has been in use for ${days} ${days === 1 ? "day" : "days"}`;
  const date = new Date(dueAt).toISOString().slice(0, 10);
  return due ? `${used}. Rotation is due since ${date}: gatehouse keys rotate` : `${used}; rotate by ${date}.`;
}

/** `gatehouse keys list`. */
export const keysList: Command = {
  name: "keys list",
  usage: "",
  summary: "Lists the versions of the key ring, without the keys.",
  run: (context) =>
    operateAndShow(context, { action: "keys.list", input: {}, anywhere: isKeptElsewhere(context) }, (value) => {
      const { versions, rotation } = Versions.parse(value);
      const rows = versions.map(({ version, id, state, createdAt }, index) => {
        // The newest is first: a version is used from when the one before it is not any more.
        const usedFrom = versions[index + 1]?.retiredAt ?? createdAt;
        return [String(version), id, state, new Date(createdAt).toISOString(), new Date(usedFrom).toISOString()];
      });
      context.terminal.print(formatTable(["VERSION", "ID", "STATE", "CREATED", "USED FROM"], rows));
      context.terminal.print(describeRotation(rotation));
    }),
};

/** `gatehouse keys rotate`. */
export const keysRotate: Command = {
  name: "keys rotate",
  usage: "[--minutes N]",
  summary: "Makes a new key version; data sealed before stays readable.",
  flags: {
    minutes: {
      type: "string",
      doc: "How long until it is used, for keys that have to be brought to other machines first. Default: half a minute, in which every process with the same key file takes it over.",
    },
  },
  run: (context) => {
    if (context.config.keys.environment !== undefined) {
      throw new UsageError("The keys come from an environment variable: make the new version where that is kept.");
    }
    const { minutes } = context.flags;
    if (minutes !== undefined && !/^\d+$/.test(String(minutes)))
      throw new UsageError(`--minutes takes a whole number of minutes, such as 1440; got "${String(minutes)}".`);
    const input = minutes === undefined ? {} : { minutes: Number(minutes) };
    return operateAndShow(context, { action: "keys.rotate", input, anywhere: isKeptElsewhere(context) }, (value) => {
      const { version, usedFrom } = Rotated.parse(value);
      context.terminal.print(`Key version ${version} is used from ${new Date(usedFrom).toISOString()} on.`);
    });
  },
};
