import { Hono, type Handler } from "hono";
import type { Edge } from "../../http/edge.ts";
import type { FormFields } from "../../http/form-body.ts";
import type { AnyAction } from "../../kernel/action.ts";
import { jsonSchemaOf } from "../json-schema.ts";
import type { JsonObject } from "../mcp/tool.ts";
import { WORK_OPERATIONS, type WorkOperation } from "./operations.ts";
import { openApiDocument } from "./openapi.ts";
import { readQuery } from "./query.ts";

/** Below which path the REST interface is. */
export const REST_PATH = "/api/work";

/** What routes are made from. */
export interface RestRoutesParts {
  readonly edge: Edge;
  /** Actions of work orders, of which those that have a route get it. */
  readonly actions: readonly AnyAction[];
  /** The identifier that tokens have to be issued for, of a tenant. */
  readonly resourceOf: (tenant: string) => string;
}

/** Operations with their actions, as far as there are any. */
export interface MountedOperation extends WorkOperation {
  readonly run: AnyAction;
}

/** Puts operations and actions together. */
export function mountedOperations(actions: readonly AnyAction[]): readonly MountedOperation[] {
  const byName = new Map(actions.map((action) => [action.name, action]));
  return WORK_OPERATIONS.flatMap((operation) => {
    const run = byName.get(operation.action);
    return run === undefined ? [] : [{ ...operation, run }];
  });
}

/** The REST interface, and the document that describes it (`/api/work/openapi.json`). */
export function createRestRoutes({ edge, actions, resourceOf }: RestRoutesParts): Hono {
  const app = new Hono();
  const operations = mountedOperations(actions);
  for (const operation of operations) {
    const { rest } = operation;
    if (rest === undefined) continue;
    const handler = routeOf(edge, operation, rest);
    for (const path of rest.paths) app.on(rest.method.toUpperCase(), REST_PATH + path.replaceAll(/\{(\w+)\}/g, ":$1"), handler);
  }
  app.get(`${REST_PATH}/openapi.json`, (context) => {
    const inbound = edge.of(context);
    const headers = { "cache-control": "public, max-age=300" };
    return edge.json(inbound, openApiDocument(operations, resourceOf(inbound.tenant)), { headers });
  });
  return app;
}

type Rest = NonNullable<WorkOperation["rest"]>;

function routeOf(edge: Edge, { action, run }: MountedOperation, { method, status }: Rest): Handler {
  const schema = jsonSchemaOf(action, run.input, "input");
  return edge.action(run, {
    input: (value, _inbound, parameters) => {
      // Queries are fields, whose values are texts; bodies are what they are.
      const given = method === "get" ? readQuery(value as FormFields, schema) : value;
      return withPath(given, parameters);
    },
    render: (success, inbound) => edge.respond(inbound, success, { status }),
  });
}

/** What the path names counts: whoever says something else besides is told so by the schema. */
function withPath(value: unknown, parameters: Readonly<Record<string, string>>): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  // Any object can be read as a record.
  const given = value as JsonObject;
  const contradicts = Object.entries(parameters).some(([name, part]) => name in given && given[name] !== part);
  return contradicts ? { ...given, path: parameters } : { ...given, ...parameters };
}
