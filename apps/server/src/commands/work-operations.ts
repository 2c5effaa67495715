import { z } from "zod";
import { UsageError, type Command, type CommandContext } from "../command.ts";
import { operateAndShow } from "../operate.ts";
import { formatTable } from "../terminal.ts";

const Pauses = z.object({
  pauses: z.array(
    z.object({ kind: z.string(), name: z.string(), reason: z.string(), paused_by: z.string(), at: z.number() }),
  ),
});
const Exported = z.looseObject({});

const KINDS = "agent|type|tenant|auto_approval";

/** `gatehouse work pause KIND [NAME]`. */
export const workPause: Command = {
  ...{ name: "work pause", ofTenant: true, words: 2, usage: `${KINDS} [NAME] --reason TEXT` },
  summary: "Stops the work of an agent, of a type of orders, or all of a tenant.",
  flags: { reason: { type: "string", doc: "Why; shown to agents and in the audit trail." } },
  run: (context) => {
    const { reason } = context.flags;
    if (typeof reason !== "string")
      throw new UsageError(`Say what and why: gatehouse work pause ${KINDS} --reason TEXT`);
    return operateAndShow(context, { action: "work.pause", input: { ...stoppedOf(context), reason } }, () =>
      context.terminal.print("It is stopped; work resume lets it go on."),
    );
  },
};

/** `gatehouse work resume KIND [NAME]`. */
export const workResume: Command = {
  ...{ name: "work resume", ofTenant: true, words: 2, usage: `${KINDS} [NAME]`, flags: {} },
  summary: "Lets work go on that was stopped.",
  run: (context) =>
    operateAndShow(context, { action: "work.resume", input: stoppedOf(context) }, () =>
      context.terminal.print("It goes on."),
    ),
};

/** `gatehouse work pauses`. */
export const workPauses: Command = {
  ...{ name: "work pauses", ofTenant: true, usage: "", flags: {} },
  summary: "Lists what is stopped, by whom and why.",
  run: (context) =>
    operateAndShow(context, { action: "work.pauses", input: {} }, (value) => {
      const { pauses } = Pauses.parse(value);
      if (pauses.length === 0) return context.terminal.print("Nothing is stopped.");
      const rows = pauses.map(({ kind, name, paused_by: by, at, reason }) => [
        ...[kind, name, by, new Date(at).toISOString(), reason],
      ]);
      context.terminal.print(formatTable(["KIND", "NAME", "BY", "SINCE", "REASON"], rows));
    }),
};

/** `gatehouse work export ORDER`. */
export const workExport: Command = {
  ...{ name: "work export", ofTenant: true, words: 20, usage: "ORDER...", flags: {} },
  summary: "Exports orders with all that they hold, as JSON. Each export is told in the audit trail.",
  run: (context) => {
    if (context.words.length === 0) throw new UsageError("Say which: gatehouse work export ORDER...");
    return operateAndShow(context, { action: "work.export", input: { orders: context.words } }, (value) =>
      context.terminal.printJson(Exported.parse(value)),
    );
  },
};

/** `gatehouse work erase-subject SUBJECT`. */
export const workEraseSubject: Command = {
  ...{ name: "work erase-subject", ofTenant: true, words: 1, usage: "SUBJECT --reason TEXT" },
  summary: "Erases what work orders hold of somebody, by destroying the key that it is sealed with.",
  flags: { reason: { type: "string", doc: "Why; kept in the audit trail." } },
  run: (context) => {
    const [subject] = context.words;
    const { reason } = context.flags;
    if (subject === undefined || typeof reason !== "string") {
      throw new UsageError('Say whom and why: gatehouse work erase-subject guest-17 --reason "asked for it"');
    }
    return operateAndShow(context, { action: "work.erase-subject", input: { subject, reason } }, () =>
      context.terminal.print("It is erased. Nobody can read it any more."),
    );
  },
};

function stoppedOf({ words: [kind, name] }: CommandContext): object {
  if (kind === undefined) throw new UsageError(`Say what: ${KINDS}.`);
  return { kind, ...(name === undefined ? {} : { name }) };
}
