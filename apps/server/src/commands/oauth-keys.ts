import { z } from "zod";
import { UsageError, type Command, type CommandContext } from "../command.ts";
import { operateAndShow } from "../operate.ts";
import { formatTable } from "../terminal.ts";

const Key = z.object({
  kid: z.string(),
  algorithm: z.string(),
  state: z.string(),
  since: z.number(),
  signed: z.number(),
  signedAt: z.number().optional(),
  seenAt: z.number().optional(),
  safeToPrune: z.boolean(),
  why: z.string(),
});
type Key = z.infer<typeof Key>;
const Keys = z.object({ keys: z.array(Key), nextChangeAt: z.number().optional() });

const Change = z.object({ kid: z.string(), algorithm: z.string().optional(), to: z.string() });
type Change = z.infer<typeof Change>;
const Changes = z.object({ changes: z.array(Change) });

/** What became of a key, in words. */
const BECAME: Readonly<Record<string, string>> = {
  next: "is published, and signs later",
  active: "signs from now on",
  retiring: "signs no more, and stays published until nothing it signed is valid",
  pruned: "is destroyed",
  compromised: "is withdrawn and destroyed",
};

/** `gatehouse oauth list-keys`. */
export const oauthListKeys: Command = {
  name: "oauth list-keys",
  usage: "",
  summary: "Lists the keys that tokens are signed with: what they were used for, and whether they can be pruned.",
  run: (context) =>
    operateAndShow(context, { action: "oauth.keys.list", input: {} }, (value) => {
      const { keys, nextChangeAt } = Keys.parse(value);
      if (keys.length === 0) {
        context.terminal.print("There are no keys yet. The first start of the server makes them.");
        return;
      }
      context.terminal.print(
        formatTable(
          ["KID", "ALGORITHM", "STATE", "SINCE", "SIGNED", "LAST SIGNED", "LAST SEEN", "SAFE TO PRUNE"],
          keys.map(rowOf),
        ),
      );
      if (nextChangeAt !== undefined)
        context.terminal.print(`The keys change by themselves at ${dateOf(nextChangeAt)}.`);
    }),
};

function rowOf({ kid, algorithm, state, since, signed, signedAt, seenAt, safeToPrune, why }: Key): string[] {
  const used = [String(signed), dateOf(signedAt), dateOf(seenAt)];
  return [kid, algorithm, state, dateOf(since), ...used, `${safeToPrune ? "yes" : "no"}: ${why}`];
}

function dateOf(time: number | undefined): string {
  return time === undefined ? "-" : new Date(time).toISOString();
}

/** `gatehouse oauth rotate-keys`. */
export const oauthRotateKeys: Command = {
  name: "oauth rotate-keys",
  usage: "[--now]",
  summary: "Makes the next signing keys; they take over once everybody can know them, on every server.",
  flags: {
    now: {
      type: "boolean",
      doc: "They sign at once. Whoever keeps the key set for a while refuses tokens until it looks again.",
    },
  },
  run: (context) => {
    announceMaking(context);
    const now = context.flags["now"] === true;
    return operateAndShow(context, { action: "oauth.keys.rotate", input: { now } }, (value) => {
      const { changes } = Changes.parse(value);
      if (changes.length === 0) {
        context.terminal.print("The next keys are published already. See gatehouse oauth list-keys, or use --now.");
      }
      show(context, changes);
    });
  },
};

/** `gatehouse oauth prune-keys`. */
export const oauthPruneKeys: Command = {
  name: "oauth prune-keys",
  usage: "[--dry-run]",
  summary: "Destroys keys of which nothing is valid any more, as the server does by itself every half minute.",
  flags: { "dry-run": { type: "boolean", doc: "Says what would be destroyed, and destroys nothing." } },
  run: (context) => {
    if (context.flags["dry-run"] === true) return planPruning(context);
    return operateAndShow(context, { action: "oauth.keys.prune", input: {} }, (value) => {
      const { changes } = Changes.parse(value);
      const pruned = changes.some(({ to }) => to === "pruned");
      if (!pruned) context.terminal.print("There is nothing to prune. See gatehouse oauth list-keys.");
      show(context, changes);
    });
  },
};

function planPruning(context: CommandContext): Promise<number> {
  const json = (value: unknown): unknown => ({ prunable: prunable(value).map(({ kid }) => kid) });
  return operateAndShow(context, { action: "oauth.keys.list", input: {}, json }, (value) => {
    const keys = prunable(value);
    if (keys.length === 0) context.terminal.print("There is nothing to prune. See gatehouse oauth list-keys.");
    for (const { kid, why } of keys) context.terminal.print(`${kid} would be destroyed: ${why}.`);
  });
}

function prunable(value: unknown): Key[] {
  return Keys.parse(value).keys.filter(({ safeToPrune }) => safeToPrune);
}

/** `gatehouse oauth compromise KID`. */
export const oauthCompromise: Command = {
  name: "oauth compromise",
  usage: "KID",
  words: 1,
  summary: "Withdraws a signing key that somebody else may have; another signs at once, on every server.",
  run: (context) => {
    const [kid] = context.words;
    if (kid === undefined) {
      throw new UsageError(
        "Say which key: gatehouse oauth compromise KID (see gatehouse oauth list-keys; -- before one that begins with -).",
      );
    }
    announceMaking(context);
    return operateAndShow(context, { action: "oauth.keys.compromise", input: { kid } }, (value) => {
      const { changes } = Changes.parse(value);
      if (changes.length === 0) context.terminal.print(`The key ${kid} was withdrawn before.`);
      show(context, changes);
    });
  },
};

function announceMaking(context: CommandContext): void {
  context.terminal.note("Making keys, which takes some seconds with RSA ...");
}

function show({ terminal }: CommandContext, changes: readonly Change[]): void {
  for (const { kid, algorithm, to } of changes) {
    const made = algorithm === undefined ? "" : `, a new key for ${algorithm},`;
    terminal.print(`${kid}${made} ${BECAME[to] ?? to}.`);
  }
}
