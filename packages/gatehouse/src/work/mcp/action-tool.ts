import { problemDocument } from "../../http/problem-document.ts";
import type { AnyAction } from "../../kernel/action.ts";
import type { Attempt } from "../../kernel/attempt.ts";
import type { Clock } from "../../kernel/clock.ts";
import type { Gate } from "../../kernel/gate.ts";
import type { Ids } from "../../kernel/ids.ts";
import type { Denial, Outcome } from "../../kernel/outcome.ts";
import { problems } from "../../kernel/problems.ts";
import { jsonSchemaOf } from "../json-schema.ts";
import { faultOf, McpFault } from "./fault.ts";
import type { McpTaskKind } from "./task.ts";
import type { JsonObject, McpCaller } from "./caller.ts";
import type { McpAnnotations, McpAnswer, McpCall, McpTool } from "./tool.ts";

/** What attempts are made with. */
export interface ActionToolParts {
  readonly gate: () => Gate;
  readonly ids: Ids;
  readonly clock: Clock;
}

/** Where a person goes on with a browser, because a program cannot. */
export interface McpErrand {
  readonly url: string;
  readonly message: string;
}

/** An action as clients of MCP call it. */
export interface ActionToolDefinition {
  readonly action: AnyAction;
  /** Default: the action's own. */
  readonly name?: string;
  readonly title: string;
  readonly description: string;
  readonly output?: JsonObject;
  readonly annotations: McpAnnotations;
  readonly scope?: string;
  /** What an answer says besides its values: links, for example. */
  readonly present?: (value: unknown) => readonly JsonObject[];
  /** What calls become tasks: what their answer names to follow, `undefined` where it is at an end. */
  readonly follows?: {
    readonly kind: McpTaskKind;
    readonly reference: (value: unknown, given: JsonObject) => string | undefined;
  };
  /** Why a call is refused before the protocol's library sees it. */
  readonly admit?: McpTool["admit"];
  /** What a person has to do in a browser when a call was refused; `undefined` where there is nothing. */
  readonly errand?: (denial: Denial, given: JsonObject, caller: McpCaller) => McpErrand | undefined;
}

const KEY = "idempotency_key";
/** How clients are told what the argument is for that belongs to the guards. */
const KEY_SCHEMA: JsonObject = {
  type: "string",
  pattern: "^[!-~]{1,255}$",
  description:
    "Names this intent: a new unique text for each new call, and the same one when the same call is tried again, so that it is carried out once.",
};

/** A tool that attempts an action: through the gate, as any other entrance does. */
export function actionTool(parts: ActionToolParts, definition: ActionToolDefinition): McpTool {
  const { action, name = action.name, title, description, output, annotations, scope, follows, admit } = definition;
  return {
    ...{ name, title, description, annotations, input: inputOf(action) },
    ...(output === undefined ? {} : { output }),
    ...(scope === undefined ? {} : { scope }),
    ...(follows === undefined ? {} : { task: follows.kind }),
    ...(admit === undefined ? {} : { admit }),
    async call(call) {
      const outcome = await attemptAction(parts, call, { action: action.name, given: call.arguments });
      if (!outcome.ok) return refusal(asCalled(outcome), call, definition);
      const reference = call.tasks ? follows?.reference(outcome.value, call.arguments) : undefined;
      if (reference !== undefined) return { kind: "task", reference };
      return resultOf(outcome.value, definition.present);
    },
  };
}

/** Attempts an action for whoever called, who was found out when the request came in. */
export function attemptAction(
  { gate, ids, clock }: ActionToolParts,
  { principal, tenant, peer, program, signal }: McpCaller,
  { action, given }: { readonly action: string; readonly given: JsonObject },
): Promise<Outcome> {
  const { [KEY]: key, ...input } = given;
  const attempt: Attempt = {
    ...{ id: ids.next(), entrance: "mcp", action, tenant, receivedAt: clock.now(), peer, program, input, signal },
    provenance: { kind: "token" },
    credentials: [{ kind: "internal", principal }],
    // What is no text is no key, and refused as such: the call would be carried out each time it is tried.
    ...(key === undefined ? {} : { idempotencyKey: typeof key === "string" ? key : "" }),
  };
  return gate().attempt(attempt);
}

/** A value as tools answer it: for programs, and as text for models whose clients show nothing else. */
export function resultOf(value: unknown, present?: (value: unknown) => readonly JsonObject[]): McpAnswer {
  const structured = isObject(value) ? value : { value };
  const text = { type: "text", text: JSON.stringify(structured) };
  return { kind: "result", content: [text, ...(present?.(value) ?? [])], structured };
}

/** A refusal as models read it: as text alone, since what programs read has to be as the tool's schema says. */
export function refusedResult(denial: Denial): McpAnswer {
  const { request_id: _none, ...document } = problemDocument(denial, "");
  return { kind: "result", refused: true, content: [{ type: "text", text: JSON.stringify(document) }] };
}

/** Elsewhere the key is a field of the header; callers of tools have arguments alone. */
function asCalled(denial: Denial): Denial {
  if (denial.problem !== problems.IDEMPOTENCY_KEY_REQUIRED) return denial;
  return { ...denial, detail: `Give it as the argument ${KEY}: a new unique text, and the same one when you retry.` };
}

function refusal(denial: Denial, call: McpCall, { errand }: ActionToolDefinition): McpAnswer {
  if (denial.problem.status >= 500) {
    const { code, message, data } = faultOf(denial);
    throw new McpFault(code, message, data);
  }
  const asked = errand?.(denial, call.arguments, call);
  if (asked === undefined || !opensAddresses(call.capabilities)) return refusedResult(denial);
  const request = { method: "elicitation/create", params: { mode: "url", ...asked } };
  return { kind: "input", requests: { errand: request }, state: denial.problem.code };
}

/** Whether a client can have its person open an address. */
function opensAddresses({ elicitation }: JsonObject): boolean {
  return isObject(elicitation) && "url" in elicitation;
}

function inputOf({ name, input, effects, idempotency }: AnyAction): JsonObject {
  const schema = jsonSchemaOf(name, input, "input");
  if (effects === "none" || idempotency === false) return schema;
  const { properties, required } = schema;
  const needed: readonly unknown[] = Array.isArray(required) ? required : [];
  return {
    ...schema,
    properties: { ...(isObject(properties) ? properties : {}), [KEY]: KEY_SCHEMA },
    ...(idempotency.required === true ? { required: [...needed, KEY] } : {}),
  };
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
