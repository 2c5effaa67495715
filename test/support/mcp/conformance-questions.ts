import type { JsonObject, McpAnswer, McpCall, McpTool } from "gatehouse/work/mcp";
import { z } from "zod";
import { plainTool, text } from "./conformance-tools.ts";

const Accepted = z.object({ action: z.literal("accept"), content: z.record(z.string(), z.unknown()) });

function form(message: string, name: string, type: "string" | "boolean" = "string"): JsonObject {
  const requestedSchema = { type: "object", properties: { [name]: { type } }, required: [name] };
  return { method: "elicitation/create", params: { message, requestedSchema } };
}

const sampling = (question: string, maxTokens: number): JsonObject => ({
  method: "sampling/createMessage",
  params: { messages: [{ role: "user", content: text(question) }], maxTokens },
});
const ROOTS: JsonObject = { method: "roots/list", params: {} };
const NAME = form("What is your name?", "name");

/** What a client has answered to a form; `undefined` where it has not, or not properly. */
export function acceptedText({ inputs }: McpCall, key: string, member: string): string | undefined {
  const answer = Accepted.safeParse(inputs?.[key]);
  const value = answer.success ? answer.data.content[member] : undefined;
  return value === undefined ? undefined : String(value);
}

const done = (content: string): McpAnswer => ({ kind: "result", content: [text(content)] });
const ask = (requests: JsonObject, state?: unknown): McpAnswer => ({
  kind: "input",
  requests,
  ...(state === undefined ? {} : { state }),
});

/** Tools that ask something back before they answer. */
export const ASKING_TOOLS: readonly McpTool[] = [
  plainTool("test_input_required_result_elicitation", async (call) => {
    const name = acceptedText(call, "user_name", "name");
    return name === undefined ? ask({ user_name: NAME }) : done(`Hello, ${name}!`);
  }),
  plainTool("test_streaming_elicitation", async (call) => {
    await call.progress(1, 2);
    return acceptedText(call, "user_name", "name") === undefined ? ask({ user_name: NAME }) : done("ok");
  }),
  plainTool("test_input_required_result_sampling", async ({ inputs }) => {
    const answer = inputs?.["capital_question"];
    const question = sampling("What is the capital of France?", 100);
    return answer === undefined ? ask({ capital_question: question }) : done(JSON.stringify(answer));
  }),
  plainTool("test_input_required_result_list_roots", async ({ inputs }) => {
    const answer = inputs?.["client_roots"];
    return answer === undefined ? ask({ client_roots: ROOTS }) : done(JSON.stringify(answer));
  }),
  plainTool("test_input_required_result_request_state", async ({ inputs, state }) => {
    if (inputs?.["confirm"] === undefined) return ask({ confirm: form("Please confirm", "ok", "boolean") }, "asked");
    return done(state === "asked" ? "state-ok" : "state-lost");
  }),
  plainTool("test_input_required_result_multiple_inputs", async ({ inputs = {}, state }) => {
    const greeting = sampling("Generate a greeting", 50);
    const all = ["user_name", "greeting", "client_roots"].every((key) => inputs[key] !== undefined);
    return all && state === "asked"
      ? done(JSON.stringify(inputs))
      : ask({ user_name: NAME, greeting, client_roots: ROOTS }, "asked");
  }),
  plainTool("test_input_required_result_multi_round", async (call) => {
    if (call.state === undefined) return ask({ step1: form("Step 1: What is your name?", "name") }, { round: 1 });
    const name = acceptedText(call, "step1", "name");
    if (name !== undefined) {
      return ask({ step2: form("Step 2: What is your favorite color?", "color") }, { round: 2, name });
    }
    return done(`${JSON.stringify(call.state)} ${String(acceptedText(call, "step2", "color"))}`);
  }),
  plainTool("test_input_required_result_tampered_state", async ({ state }) =>
    state === undefined ? ask({ confirm: form("Please confirm", "ok", "boolean") }, "asked") : done("state-ok"),
  ),
  plainTool("test_input_required_result_capabilities", async ({ capabilities, inputs }) => {
    const asked = {
      ...("elicitation" in capabilities ? { user_name: NAME } : {}),
      ...("sampling" in capabilities ? { greeting: sampling("Generate a greeting", 50) } : {}),
    };
    return inputs === undefined && Object.keys(asked).length > 0 ? ask(asked) : done("ok");
  }),
  // The library refuses the question, because the client has not said that it can answer it.
  plainTool("test_missing_capability", async () => ask({ greeting: sampling("Hello?", 10) })),
];
