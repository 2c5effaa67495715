import type { McpAnnotations } from "../mcp/tool.ts";
import type { WorkScope } from "../rules.ts";
import type { ANSWERS } from "./shapes.ts";

/** Where an operation is over REST. */
export interface RestPlace {
  readonly method: "get" | "post";
  /** Below `/api/work`; what is in braces is a member of the input. Several where there are several ways to say it. */
  readonly paths: readonly [string, ...string[]];
  readonly status: number;
  /** Header fields by the members of the input that they hold: what is secret is not for addresses. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** How an action is told of and reached. What it takes and does is the action's own. */
export interface WorkOperation {
  /** The action's name. */
  readonly action: string;
  readonly title: string;
  readonly description: string;
  readonly scope: WorkScope;
  readonly rest?: RestPlace;
  /** The tool's name. */
  readonly tool?: string;
  readonly hints: McpAnnotations;
  readonly answer: keyof typeof ANSWERS;
}

const READS: McpAnnotations = {
  readOnlyHint: true,
  destructiveHint: false,
  idempotentHint: true,
  openWorldHint: false,
};
const WRITES: McpAnnotations = { ...READS, readOnlyHint: false, idempotentHint: false };
const REPEATS: McpAnnotations = { ...READS, readOnlyHint: false };
const CHANGES: McpAnnotations = { ...WRITES, destructiveHint: true };

const get = (...paths: readonly [string, ...string[]]) => ({ method: "get", paths, status: 200 }) as const;
const post = (status: 200 | 201 | 202, ...paths: readonly [string, ...string[]]) =>
  ({ method: "post", paths, status }) as const;

/** Where requests without a body show a lease. */
const LEASE_HEADERS = { lease: "Work-Lease", epoch: "Work-Epoch" } as const;
const LEASE = "Needs the item, the lease token and the epoch that the checkout has answered.";

/** All that can be done over REST and MCP, in the order in which it is told. */
export const WORK_OPERATIONS: readonly WorkOperation[] = [
  {
    ...{ action: "work.types", tool: "work.types", scope: "work:read", hints: READS, answer: "types" },
    ...{ title: "List the types of work", rest: get("/types") },
    description: "Tells which orders can be proposed, with the JSON Schemas of their input, items, results and parts.",
  },
  {
    ...{ action: "work.propose", tool: "work.propose", scope: "work:propose", hints: WRITES, answer: "changed" },
    ...{ title: "Propose an order", rest: post(201, "/propose") },
    description:
      "Proposes an order of a type. Nothing is changed by it: it is worked on, planned, and reviewed by people before it is applied.",
  },
  {
    ...{ action: "work.list", tool: "work.list", scope: "work:read", hints: READS, answer: "orders" },
    ...{ title: "List orders", rest: get("/orders") },
    description: "Lists orders, the most urgent first: one's own, or all of the tenant for those who review.",
  },
  {
    ...{ action: "work.get", tool: "work.get", scope: "work:read", hints: READS, answer: "order" },
    ...{ title: "Look at an order", rest: get("/orders/{order}") },
    description: "Shows an order with its items, its newest plan in short, and what was decided about it.",
  },
  {
    ...{ action: "work.checkout", tool: "work.checkout", scope: "work:execute", hints: WRITES, answer: "checkedOut" },
    ...{ title: "Take work", rest: post(200, "/checkout", "/orders/{order}/checkout") },
    description:
      "Takes items to work on. Each comes with a lease token and an epoch, which every later call about it has to show; beat before the lease runs out.",
  },
  {
    ...{ action: "work.heartbeat", tool: "work.heartbeat", scope: "work:execute", hints: REPEATS, answer: "beaten" },
    ...{ title: "Hold on to an item", rest: post(200, "/items/{item}/heartbeat") },
    description: `Extends a lease, and tells whether the work is still wanted. ${LEASE}`,
  },
  {
    ...{ action: "work.submit", tool: "work.submit", scope: "work:execute", hints: WRITES, answer: "handedIn" },
    ...{ title: "Hand in a result", rest: post(202, "/items/{item}/submit") },
    description: `Hands in the result of an item and ends the lease. ${LEASE}`,
  },
  {
    ...{ action: "work.submit-part", tool: "work.submit_part", scope: "work:execute", hints: WRITES, answer: "part" },
    ...{ title: "Hand in a part of a result", rest: post(202, "/items/{item}/parts") },
    description: `Hands in a piece of a result that takes long to make. ${LEASE}`,
  },
  {
    ...{ action: "work.list-parts", tool: "work.list_parts", scope: "work:execute", hints: READS, answer: "parts" },
    ...{ title: "List the parts of an item", rest: { ...get("/items/{item}/parts"), headers: LEASE_HEADERS } },
    description: `Lists the parts of an item that are there. ${LEASE}`,
  },
  {
    ...{ action: "work.finalize", tool: "work.finalize", scope: "work:execute", hints: WRITES, answer: "handedIn" },
    ...{ title: "Make a result of the parts", rest: post(202, "/items/{item}/finalize") },
    description: `Puts the parts of an item together and hands them in as its result. ${LEASE}`,
  },
  {
    ...{ action: "work.release", tool: "work.release", scope: "work:execute", hints: REPEATS, answer: "givenUp" },
    ...{ title: "Give an item back", rest: post(200, "/items/{item}/release") },
    description: `Gives an item back, so that another agent can have it. ${LEASE}`,
  },
  {
    ...{ action: "work.fail", tool: "work.fail", scope: "work:execute", hints: WRITES, answer: "givenUp" },
    ...{ title: "Say that an item cannot be done", rest: post(200, "/items/{item}/fail") },
    description: `Says why an item could not be done. ${LEASE}`,
  },
  {
    ...{ action: "work.logs", tool: "work.logs", scope: "work:read", hints: READS, answer: "events" },
    ...{ title: "Look at what has happened", rest: get("/orders/{order}/logs", "/items/{item}/logs") },
    description: "Shows what has happened to an order or an item, the newest first.",
  },
  {
    ...{ action: "work.preview", tool: "work.preview", scope: "work:read", hints: READS, answer: "plan" },
    ...{ title: "Look at a plan", rest: get("/orders/{order}/plan") },
    description: "Shows what exactly an order would change. Sensitive values are masked.",
  },
  {
    ...{ action: "work.approve", tool: "work.approve", scope: "work:review", hints: CHANGES, answer: "changed" },
    ...{ title: "Approve a plan", rest: post(200, "/orders/{order}/approve") },
    description: "Approves the plan with the digest that is named. With enough approvals it is applied.",
  },
  {
    ...{ action: "work.reject", tool: "work.reject", scope: "work:review", hints: WRITES, answer: "changed" },
    ...{ title: "Reject a plan", rest: post(200, "/orders/{order}/reject") },
    description:
      "Rejects the plan with the digest that is named, or sends its items back with what is wrong with them.",
  },
  {
    ...{ action: "work.cancel", tool: "work.cancel", scope: "work:propose", hints: CHANGES, answer: "changed" },
    ...{ title: "Cancel an order", rest: post(200, "/orders/{order}/cancel") },
    description: "Ends an order before it is applied.",
  },
  {
    ...{ action: "work.comment", tool: "work.comment", scope: "work:propose", hints: WRITES, answer: "noted" },
    ...{ title: "Comment on an order", rest: post(201, "/orders/{order}/comments") },
    description: "Says something about an order; reviewers read it.",
  },
  {
    ...{ action: "work.revert", tool: "work.revert", scope: "work:propose", hints: WRITES, answer: "changed" },
    ...{ title: "Propose to take an order back", rest: post(201, "/orders/{order}/revert") },
    description: "Proposes an order that takes back what another has changed. It is reviewed as any other.",
  },
  ...(
    [
      ["work.requeue", "Put an order to work again", "/orders/{order}/requeue", "changed", "work:admin"],
      ["work.reveal", "Look at masked values", "/orders/{order}/reveal", "any", "work:review"],
      ["work.pause", "Stop work", "/pauses", "any", "work:admin"],
      ["work.resume", "Let work go on", "/pauses/lift", "any", "work:admin"],
      ["work.export", "Export orders", "/export", "any", "work:admin"],
      ["work.erase-subject", "Erase a subject", "/subjects/erase", "any", "work:admin"],
    ] as const
  ).map(([action, title, path, answer, scope]): WorkOperation => {
    return { ...{ action, title, description: `${title}.`, scope, answer }, hints: CHANGES, rest: post(200, path) };
  }),
  {
    ...{ action: "work.pauses", scope: "work:admin", hints: READS, answer: "any" },
    ...{ title: "List what is stopped", description: "Lists what is stopped, by whom and why.", rest: get("/pauses") },
  },
];
