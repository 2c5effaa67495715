import { problems } from "../../kernel/problems.ts";
import type { Problem } from "../../kernel/problem.ts";
import { jsonSchemaOf } from "../json-schema.ts";
import type { JsonObject } from "../mcp/caller.ts";
import { workProblems } from "../problems.ts";
import { WORK_SCOPES } from "../rules.ts";
import type { MountedOperation } from "./mounted-operations.ts";
import { ANSWERS } from "./shapes.ts";

const VERSION = "3.1.1";
const JSON_TYPE = "application/json";
const SECURITY = "token";
const PROBLEM = { $ref: "#/components/responses/Problem" };
/** Statuses that any call can be refused with. */
const REFUSALS = [400, 401, 403, 404, 409, 422, 429, 503] as const;

/** The OpenAPI document of the REST interface, made of the actions' own schemas. */
export function openApiDocument(operations: readonly MountedOperation[], resource: string): JsonObject {
  const paths: Record<string, Record<string, JsonObject>> = {};
  for (const operation of operations) {
    for (const [index, path] of (operation.rest?.paths ?? []).entries()) {
      const item = (paths[path] ??= {});
      item[operation.rest?.method ?? "get"] = describeOperation(operation, { path, index });
    }
  }
  return {
    openapi: VERSION,
    info: {
      title: "Work orders",
      version: "1",
      description:
        "Orders that agents propose and work on, and that people review before anything is changed. Members are in snake_case, times are milliseconds since 1970.",
    },
    jsonSchemaDialect: "https://json-schema.org/draft/2020-12/schema",
    servers: [{ url: resource }],
    security: [{ [SECURITY]: [] }],
    paths,
    components: {
      schemas: { Problem: problemSchema() },
      responses: {
        Problem: {
          description: "What was wrong, and what to do (RFC 9457).",
          content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
        },
      },
      securitySchemes: { [SECURITY]: tokenScheme(resource) },
    },
  };
}

function tokenScheme(resource: string): JsonObject {
  const { origin, pathname } = new URL(resource);
  const metadata = `${origin}/.well-known/oauth-protected-resource${pathname}`;
  return {
    type: "http",
    scheme: "bearer",
    description: `An access token for ${resource}; ${metadata} says who issues them. Scopes: ${WORK_SCOPES.join(", ")}.`,
  };
}

interface Place {
  readonly path: string;
  readonly index: number;
}

function describeOperation(operation: MountedOperation, { path, index }: Place): JsonObject {
  const { action, title, description, scope, rest, run, answer } = operation;
  const { $schema: _dialect, ...input } = jsonSchemaOf(action, run.input, "input");
  const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => name);
  const { keyed, required } = keyOf(run);
  const reads = rest?.method === "get";
  const headers = rest?.headers ?? {};
  const elsewhere = [...named, ...Object.keys(headers)];
  return {
    operationId: index === 0 ? action : `${action}.${index + 1}`,
    summary: title,
    description,
    security: [{ [SECURITY]: [scope] }],
    parameters: [
      ...named.map((name) => ({ name, in: "path", required: true, schema: memberOf(input, name) })),
      ...(reads ? queryParameters(input, elsewhere) : []),
      ...Object.entries(headers).map(([member, name]) => ({
        ...{ name, in: "header", required: true, schema: memberOf(input, member) },
      })),
      ...(keyed ? [keyParameter(required)] : []),
    ],
    ...(reads ? {} : { requestBody: { required: true, content: { [JSON_TYPE]: { schema: without(input, named) } } } }),
    responses: {
      [String(rest?.status ?? 200)]: {
        description: title,
        content: { [JSON_TYPE]: { schema: answerSchema(answer) } },
      },
      ...Object.fromEntries(REFUSALS.map((status) => [String(status), PROBLEM])),
      ...(required ? { [String(problems.IDEMPOTENCY_KEY_REQUIRED.status)]: PROBLEM } : {}),
    },
  };
}

function answerSchema(answer: MountedOperation["answer"]): JsonObject {
  const { $schema: _dialect, ...schema } = jsonSchemaOf(answer, ANSWERS[answer], "output");
  return schema;
}

function keyOf({ idempotency, effects }: MountedOperation["run"]): {
  readonly keyed: boolean;
  readonly required: boolean;
} {
  const keyed = effects !== "none" && idempotency !== false;
  return { keyed, required: keyed && idempotency.required === true };
}

function keyParameter(required: boolean): JsonObject {
  return {
    name: "Idempotency-Key",
    in: "header",
    required,
    description: "A new unique text for each intent, and the same one when it is tried again.",
    schema: { type: "string", pattern: "^[!-~]{1,255}$" },
  };
}

function queryParameters(schema: JsonObject, named: readonly string[]): readonly JsonObject[] {
  const needed = listOf(schema["required"]);
  return Object.entries(membersOf(schema))
    .filter(([name]) => !named.includes(name))
    .map(([name, member]) => ({
      ...{ name, in: "query", required: needed.includes(name), schema: member },
      ...(isObject(member) && member["type"] === "array" ? { style: "form", explode: false } : {}),
    }));
}

/** A schema of an object without some of its members. */
function without(schema: JsonObject, names: readonly string[]): JsonObject {
  const required = listOf(schema["required"]).filter((name) => !names.includes(String(name)));
  const properties = Object.fromEntries(Object.entries(membersOf(schema)).filter(([name]) => !names.includes(name)));
  const { required: _all, ...rest } = schema;
  return { ...rest, properties, ...(required.length === 0 ? {} : { required }) };
}

function memberOf(schema: JsonObject, name: string): unknown {
  return membersOf(schema)[name] ?? { type: "string" };
}

function membersOf({ properties }: JsonObject): JsonObject {
  return isObject(properties) ? properties : {};
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function problemSchema(): JsonObject {
  const codes = [...Object.values<Problem>(problems), ...Object.values<Problem>(workProblems)].map(({ code }) => code);
  return {
    type: "object",
    required: ["type", "title", "status", "detail", "code"],
    properties: {
      ...{
        type: { type: "string" },
        title: { type: "string" },
        status: { type: "integer" },
        detail: { type: "string" },
      },
      code: { type: "string", examples: codes },
      retry_after: { type: "integer", description: "Seconds." },
      errors: {
        type: "array",
        items: { type: "object", properties: { pointer: { type: "string" }, detail: { type: "string" } } },
      },
      request_id: { type: "string" },
    },
  };
}
