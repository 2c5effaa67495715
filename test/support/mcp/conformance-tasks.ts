import { randomUUID } from "node:crypto";
import type { JsonObject, McpAnswer, McpTaskKind, McpTaskState, McpTool } from "gatehouse/work/mcp";
import { acceptedText } from "./conformance-questions.ts";
import { plainTool, text } from "./conformance-tools.ts";

interface Work {
  readonly startedAt: number;
  readonly state: (work: Work) => McpTaskState;
  readonly answers: Map<string, unknown>;
  cancelledAt?: number;
}

const all = new Map<string, Work>();

function begin(state: Work["state"]): McpAnswer {
  const reference = randomUUID();
  all.set(reference, { startedAt: Date.now(), state, answers: new Map() });
  return { kind: "task", reference };
}

function workOf(reference: string): Work {
  const work = all.get(reference);
  if (work === undefined) throw new TypeError("There is no such work.");
  return work;
}

/** How tasks of the suite are followed: by what this process has begun. */
const KIND: McpTaskKind = {
  look: async ({ reference }) => {
    const work = workOf(reference);
    return work.cancelledAt === undefined ? work.state(work) : { status: "cancelled", changedAt: work.cancelledAt };
  },
  answer: async ({ reference }, _caller, responses) => {
    for (const [key, value] of Object.entries(responses)) workOf(reference).answers.set(key, value);
  },
  cancel: async ({ reference }) => {
    const work = workOf(reference);
    const { status } = work.state(work);
    if (status === "working" || status === "input_required") work.cancelledAt = Date.now();
  },
};

const finished = (content: string, more: JsonObject = {}): McpTaskState => ({
  status: "completed",
  result: { content: [text(content)], ...more },
});

function after(milliseconds: number, then: McpTaskState): Work["state"] {
  return ({ startedAt }) => (Date.now() - startedAt < milliseconds ? { status: "working" } : then);
}

function asking(...keys: readonly string[]): Work["state"] {
  const requestedSchema = { type: "object", properties: { confirm: { type: "boolean" } }, required: ["confirm"] };
  const request = { method: "elicitation/create", params: { message: "Please confirm", requestedSchema } };
  return ({ answers }) => {
    const open = keys.filter((key) => !answers.has(key));
    if (open.length === 0) return finished("confirmed");
    return { status: "input_required", requests: Object.fromEntries(open.map((key) => [key, request])) };
  };
}

/** Tools that go on after they have answered. */
export const TASK_TOOLS: readonly McpTool[] = [
  plainTool(
    "slow_compute",
    async ({ arguments: { seconds }, tasks }) => {
      const result = finished("computed");
      if (!tasks) return { kind: "result", content: [text("computed")] };
      return begin(after(Number(seconds) * 1000, result));
    },
    { task: KIND },
  ),
  plainTool("failing_job", async () => begin(after(1000, finished("It failed.", { isError: true }))), {
    task: KIND,
    needsTasks: true,
  }),
  plainTool(
    "protocol_error_job",
    async () => begin(after(500, { status: "failed", error: { code: -32603, message: "It broke." } })),
    { task: KIND, needsTasks: true },
  ),
  plainTool("confirm_delete", async () => begin(asking("confirm")), { task: KIND, needsTasks: true }),
  plainTool("multi_input", async () => begin(asking("first", "second")), { task: KIND, needsTasks: true }),
  plainTool(
    "test_tool_with_task",
    async (call) => {
      const name = acceptedText(call, "user_name", "name") ?? acceptedText(call, "user_name", "user_name");
      if (name !== undefined) return begin(after(200, finished(`Hello, ${name}!`)));
      const requestedSchema = { type: "object", properties: { name: { type: "string" } }, required: ["name"] };
      const request = { method: "elicitation/create", params: { message: "What is your name?", requestedSchema } };
      return { kind: "input", requests: { user_name: request }, state: "asked" };
    },
    { task: KIND, needsTasks: true },
  ),
];
