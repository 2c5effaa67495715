import { defineAction, deny, problems, type AnyAction } from "gatehouse/kernel";
import { actionTool, type ActionToolParts, type JsonObject, type McpTool } from "gatehouse/work/mcp";
import { setTimeout as wait } from "node:timers/promises";
import { z } from "zod";

const PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const SILENCE = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA=";
const HINTS = { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false };
const NOTHING: JsonObject = { type: "object", properties: {} };

/** A block of text. */
export function text(content: string): JsonObject {
  return { type: "text", text: content };
}

/** What the suite calls tools with, where a test needs a tool of its own. */
export function plainTool(name: string, call: McpTool["call"], more: Partial<McpTool> = {}): McpTool {
  return { name, title: name, description: `The suite's ${name}.`, input: NOTHING, annotations: HINTS, call, ...more };
}

function shows(name: string, ...content: readonly JsonObject[]): McpTool {
  return plainTool(name, async () => ({ kind: "result", content }));
}

const failing = defineAction({
  name: "suite.fail",
  entrances: ["mcp"],
  effects: "none",
  authorise: () => true,
  limits: [],
  input: z.strictObject({}),
  run: async () => deny(problems.STATE_CONFLICT, { detail: "This tool intentionally returns an error for testing" }),
});

/** Actions behind tools of the suite. */
export const SUITE_ACTIONS: readonly AnyAction[] = [failing];

const SCHEMA: JsonObject = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  type: "object",
  $defs: {
    address: {
      $anchor: "addressDef",
      type: "object",
      properties: { street: { type: "string" }, city: { type: "string" } },
    },
  },
  properties: {
    name: { type: "string" },
    address: { $ref: "#/$defs/address" },
    contactMethod: { type: "string", enum: ["phone", "email"] },
    phone: { type: "string" },
    email: { type: "string" },
  },
  allOf: [{ anyOf: [{ required: ["phone"] }, { required: ["email"] }] }],
  if: { properties: { contactMethod: { const: "phone" } }, required: ["contactMethod"] },
  // oxlint-disable-next-line unicorn/no-thenable -- the keyword of JSON Schema
  then: { required: ["phone"] },
  else: { required: ["email"] },
  additionalProperties: false,
};

/** Tools that answer at once. */
export function plainTools(parts: ActionToolParts): readonly McpTool[] {
  const action = { annotations: HINTS, description: "The suite's.", title: "A tool of the suite" };
  return [
    // The suite takes the first of all for what any tool will do for.
    shows("a_plain_tool", text("ok")),
    shows("test_simple_text", text("This is a simple text response for testing.")),
    shows("test_image_content", { type: "image", data: PIXEL, mimeType: "image/png" }),
    shows("test_audio_content", { type: "audio", data: SILENCE, mimeType: "audio/wav" }),
    shows("test_embedded_resource", embedded("test://embedded-resource", "This is an embedded resource content.")),
    shows(
      "test_multiple_content_types",
      text("Multiple content types test:"),
      { type: "image", data: PIXEL, mimeType: "image/png" },
      embedded("test://mixed-content-resource", '{"test":"data","value":123}', "application/json"),
    ),
    shows("json_schema_2020_12_tool", text("ok")),
    plainTool("test_tool_with_progress", async ({ progress }) => {
      for (const done of [0, 50, 100]) {
        await progress(done, 100);
        await wait(50);
      }
      return { kind: "result", content: [text("done")] };
    }),
    plainTool("test_tool_with_logging", async ({ log }) => {
      for (const line of ["Tool execution started", "Tool processing data", "Tool execution completed"]) {
        await log("info", line);
        await wait(50);
      }
      return { kind: "result", content: [text("done")] };
    }),
    plainTool("test_logging_tool", async ({ log }) => {
      await log("info", "A line that only those get who have asked for the log.");
      return { kind: "result", content: [text("done")] };
    }),
    actionTool(parts, { ...action, action: failing, name: "test_error_handling" }),
    plainTool("greet", async ({ arguments: given }) => ({
      kind: "result",
      content: [text(`Hello, ${String(given["name"])}!`)],
    })),
  ].map((tool) => (tool.name === "json_schema_2020_12_tool" ? { ...tool, input: SCHEMA } : tool));
}

function embedded(uri: string, content: string, mimeType = "text/plain"): JsonObject {
  return { type: "resource", resource: { uri, mimeType, text: content } };
}
