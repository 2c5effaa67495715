import { z } from "zod";
import { UsageError, type Command, type CommandContext } from "../command.ts";
import { operateAndShow } from "../operate.ts";
import { formatTable, visible } from "../terminal.ts";

/** Who did something. */
export const Actor = z.object({ type: z.string(), id: z.string(), on_behalf_of: z.string().optional() });
const Order = z.object({
  ...{ order: z.string(), type: z.string(), state: z.string(), reason: z.string(), risk: z.string() },
  ...{ priority: z.number(), proposer: Actor, revision: z.number(), created_at: z.number() },
});
const Orders = z.object({ orders: z.array(Order), next: z.string().optional() });
const Shown = z.object({
  order: Order,
  items: z.array(z.object({ key: z.string(), state: z.string(), attempt: z.number(), attempts: z.number() })),
  plan: z.object({ revision: z.number(), digest: z.string() }).optional(),
  reviews: z.array(z.object({ decision: z.string(), reviewer: Actor, notes: z.string(), voided: z.boolean() })),
});
const Resource = z.object({ type: z.string(), id: z.string(), label: z.string() });
const Plan = z.object({
  ...{ order: z.string(), revision: z.number(), digest: z.string(), state: z.string(), next: z.number().optional() },
  approvals: z.object({ standing: z.number(), needed: z.number(), step_up: z.boolean() }),
  changes: z.array(
    z.looseObject({
      step: z.number(),
      action: z.string(),
      resource: Resource,
      before: z.unknown().optional(),
      after: z.unknown().optional(),
    }),
  ),
});
const Logs = z.object({
  events: z.array(
    z.object({
      ...{ kind: z.string(), actor: Actor, at: z.number() },
      ...{ from: z.string().optional(), to: z.string().optional(), details: z.record(z.string(), z.unknown()) },
    }),
  ),
});
const Changed = z.looseObject({ order: z.string(), state: z.string(), reason: z.string() });

const Types = z.object({
  types: z.array(z.object({ type: z.string(), version: z.number(), title: z.string(), description: z.string() })),
});

/** `gatehouse work types`. */
export const workTypes: Command = {
  ...{ name: "work types", usage: "", flags: {} },
  summary: "Lists the types of work orders; --json with their schemas.",
  run: (context) =>
    operateAndShow(context, { action: "work.types", input: {} }, (value) => {
      const rows = Types.parse(value).types.map(({ type, version, title, description }) => [
        ...[type, String(version), title, description.slice(0, 80)],
      ]);
      context.terminal.print(formatTable(["TYPE", "VERSION", "TITLE", "WHAT FOR"], rows));
    }),
};

/** `gatehouse work list`. */
export const workList: Command = {
  name: "work list",
  ofTenant: true,
  usage: "[--state STATE] [--type TYPE] [--limit N] [--after ORDER]",
  summary: "Lists work orders, the most urgent first.",
  flags: {
    state: { type: "string", doc: "Only those in this state, such as submitted; several separated by commas." },
    type: { type: "string", doc: "Only those of this type." },
    limit: { type: "string", doc: "How many. Default 50, at most 100." },
    after: { type: "string", doc: "The next page, by what the page before said last." },
  },
  run: (context) => {
    const { state, type, limit, after } = context.flags;
    const input = {
      ...(state === undefined ? {} : { states: String(state).split(",") }),
      ...(type === undefined ? {} : { types: [type] }),
      ...(limit === undefined ? {} : { limit: numberOf(context, "limit") }),
      ...(after === undefined ? {} : { after }),
    };
    return operateAndShow(context, { action: "work.list", input }, (value) => {
      const { orders, next } = Orders.parse(value);
      if (orders.length === 0) return context.terminal.print("There is no such order.");
      const rows = orders.map((order) => [
        ...[order.order, order.type, [order.state, order.reason].filter(Boolean).join(": "), order.risk],
        ...[String(order.priority), nameOf(order.proposer), new Date(order.created_at).toISOString()],
      ]);
      context.terminal.print(formatTable(["ORDER", "TYPE", "STATE", "RISK", "PRIORITY", "PROPOSER", "SINCE"], rows));
      if (next !== undefined) context.terminal.print(`There are more: --after ${next}`);
    });
  },
};

/** `gatehouse work show ORDER`. */
export const workShow: Command = {
  ...{ name: "work show", ofTenant: true, words: 1, usage: "ORDER", flags: {} },
  summary: "Shows an order with its items, and what was decided about it.",
  run: (context) =>
    operateAndShow(context, { action: "work.get", input: { order: orderOf(context) } }, (value) => {
      const { order, items, plan, reviews } = Shown.parse(value);
      const { terminal } = context;
      const state = [order.state, order.reason].filter(Boolean).join(": ");
      const facts = { type: order.type, state, risk: order.risk, proposer: nameOf(order.proposer) };
      for (const [name, text] of Object.entries(facts)) terminal.print(`${name}: ${text}`);
      if (plan !== undefined) terminal.print(`plan: revision ${plan.revision}, digest ${plan.digest}`);
      const rows = items.map(({ key, state: at, attempt, attempts }) => [key, at, `${attempt} of ${attempts}`]);
      if (rows.length > 0) terminal.print(formatTable(["ITEM", "STATE", "ATTEMPT"], rows));
      for (const { decision, reviewer, notes, voided } of reviews) {
        terminal.print(
          `${decision} by ${nameOf(reviewer)}${voided ? " (counts no longer)" : ""} ${visible(notes)}`.trimEnd(),
        );
      }
    }),
};

/** `gatehouse work plan ORDER`. */
export const workPlan: Command = {
  ...{ name: "work plan", ofTenant: true, words: 1, usage: "ORDER [--revision N]" },
  summary: "Shows what exactly an order would change; sensitive values are masked.",
  flags: { revision: { type: "string", doc: "Of which plan. Default: the newest." } },
  run: (context) => {
    const { revision } = context.flags;
    const input = {
      order: orderOf(context),
      ...(revision === undefined ? {} : { revision: numberOf(context, "revision") }),
    };
    return operateAndShow(context, { action: "work.preview", input }, (value) => {
      const plan = Plan.parse(value);
      const { standing, needed, step_up: stepUp } = plan.approvals;
      const { terminal } = context;
      terminal.print(`revision ${plan.revision}, digest ${plan.digest}`);
      terminal.print(`approvals: ${standing} of ${needed}${stepUp ? ", each with a fresh second factor" : ""}`);
      for (const { step, action, resource, before, after } of plan.changes) {
        terminal.print(`${step}. ${action} ${resource.type} ${visible(resource.id)}: ${visible(resource.label)}`);
        if (before !== undefined) terminal.print(terminal.style("red", `   - ${visible(JSON.stringify(before))}`));
        if (after !== undefined) terminal.print(terminal.style("green", `   + ${visible(JSON.stringify(after))}`));
      }
      if (plan.next !== undefined) terminal.print("There are more changes: see --json, or the console.");
    });
  },
};

/** `gatehouse work logs ORDER`. */
export const workLogs: Command = {
  ...{ name: "work logs", ofTenant: true, words: 1, usage: "ORDER", flags: {} },
  summary: "Shows what has happened to an order, the newest first.",
  run: (context) =>
    operateAndShow(context, { action: "work.logs", input: { order: orderOf(context) } }, (value) => {
      const rows = Logs.parse(value).events.map(({ at, kind, actor, from, to, details }) => [
        ...[new Date(at).toISOString(), kind, nameOf(actor), [from, to].filter(Boolean).join(" > ")],
        visible(JSON.stringify(details)).slice(0, 200),
      ]);
      context.terminal.print(formatTable(["AT", "WHAT", "WHO", "STATE", "DETAILS"], rows));
    }),
};

const SEEN: NonNullable<Command["flags"]> = {
  revision: { type: "string", doc: "The revision of the plan that was looked at." },
  digest: { type: "string", doc: "Its digest: another plan is not approved in its place." },
};

/** `gatehouse work approve ORDER`. */
export const workApprove: Command = {
  ...{ name: "work approve", ofTenant: true, words: 1, usage: "ORDER --revision N --digest DIGEST [--notes TEXT]" },
  summary: "Approves the plan of an order. With enough approvals it is applied.",
  flags: { ...SEEN, notes: { type: "string", doc: "Kept with the approval." } },
  run: (context) => {
    const { notes } = context.flags;
    const input = { ...seenOf(context), ...(notes === undefined ? {} : { notes }) };
    return change(context, "work.approve", input);
  },
};

/** `gatehouse work reject ORDER`. */
export const workReject: Command = {
  ...{ name: "work reject", ofTenant: true, words: 1 },
  usage: "ORDER --revision N --digest DIGEST --reason TEXT [--rework] [--items KEYS]",
  summary: "Rejects the plan of an order, or sends items back to be done again.",
  flags: {
    ...SEEN,
    reason: { type: "string", doc: "What is wrong; agents read it." },
    rework: { type: "boolean", doc: "Sends items back instead of ending the order." },
    items: { type: "string", doc: "Which, by their keys, separated by commas. Default: all." },
  },
  run: (context) => {
    const { reason, rework = false, items } = context.flags;
    if (typeof reason !== "string") throw new UsageError("Say what is wrong: --reason TEXT");
    const errors = [{ code: "rejected", message: reason }];
    const named = typeof items === "string" ? { items: items.split(",") } : {};
    return change(context, "work.reject", { ...seenOf(context), errors, allow_rework: rework === true, ...named });
  },
};

/** `gatehouse work cancel ORDER`. */
export const workCancel: Command = withReason("cancel", "Ends an order before it is applied.");
/** `gatehouse work revert ORDER`. */
export const workRevert: Command = withReason("revert", "Proposes an order that takes back what another has changed.");
/** `gatehouse work requeue ORDER`. */
export const workRequeue: Command = {
  ...{ name: "work requeue", ofTenant: true, words: 1, usage: "ORDER [--items KEYS]" },
  summary: "Puts an order to work again that was rejected or has failed.",
  flags: { items: { type: "string", doc: "Items to be done again besides, by their keys, separated by commas." } },
  run: (context) => {
    const { items } = context.flags;
    const named = typeof items === "string" ? { items: items.split(",") } : {};
    return change(context, "work.requeue", { order: orderOf(context), ...named });
  },
};

function withReason(verb: "cancel" | "revert", summary: string): Command {
  return {
    ...{ name: `work ${verb}`, ofTenant: true, words: 1, usage: "ORDER [--reason TEXT]", summary },
    flags: { reason: { type: "string", doc: "Why; kept with the order." } },
    run: (context) => {
      const { reason } = context.flags;
      return change(context, `work.${verb}`, { order: orderOf(context), ...(reason === undefined ? {} : { reason }) });
    },
  };
}

/** Changes an order, and says what state it is in then. */
export function change(context: CommandContext, action: string, input: object): Promise<number> {
  return operateAndShow(context, { action, input }, (value) => {
    const { order, state, reason } = Changed.parse(value);
    context.terminal.print(`${order} is ${[state, reason].filter(Boolean).join(": ")}.`);
  });
}

function orderOf({ words: [order] }: CommandContext): string {
  if (order === undefined) throw new UsageError("Say which order: gatehouse work list shows them.");
  return order;
}

function seenOf(context: CommandContext): object {
  const { digest } = context.flags;
  if (typeof digest !== "string" || context.flags["revision"] === undefined) {
    throw new UsageError("Say which plan was looked at, as work plan shows it: --revision N --digest DIGEST");
  }
  return { order: orderOf(context), revision: numberOf(context, "revision"), digest };
}

/** The whole number that a flag has. */
export function numberOf({ flags }: CommandContext, name: string): number {
  const text = String(flags[name]);
  if (!/^\d{1,9}$/.test(text)) throw new UsageError(`--${name} takes a whole number; got "${text}".`);
  return Number(text);
}

/** Who somebody is. */
export function nameOf({ type, id, on_behalf_of: behalf }: z.infer<typeof Actor>): string {
  return visible(behalf === undefined ? `${type} ${id}` : `${type} ${id} for ${behalf}`);
}
