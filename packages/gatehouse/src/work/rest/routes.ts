import { Hono, type Handler } from "hono";
import type { Edge } from "../../http/edge.ts";
import type { FormFields } from "../../http/form-body.ts";
import type { Inbound } from "../../http/inbound.ts";
import type { AnyAction } from "../../kernel/action.ts";
import { jsonSchemaOf } from "../json-schema.ts";
import type { JsonObject } from "../mcp/caller.ts";
import { mountedOperations, REST_PATH, type MountedOperation } from "./mounted-operations.ts";
import type { RestPlace } from "./operations.ts";
import { openApiDocument } from "./openapi.ts";
import { readQuery } from "./query.ts";

/** What routes are made from. */
export interface RestRoutesParts {
  readonly edge: Edge;
  /** Actions of work orders, of which those that have a route get it. */
  readonly actions: readonly AnyAction[];
  /** The identifier that tokens have to be issued for, of a tenant. */
  readonly resourceOf: (tenant: string) => string;
}

/** The REST interface, and the document that describes it (`/api/work/openapi.json`). */
export function createRestRoutes({ edge, actions, resourceOf }: RestRoutesParts): Hono {
  const app = new Hono();
  const operations = mountedOperations(actions);
  for (const operation of operations) {
    const { rest } = operation;
    if (rest === undefined) continue;
    const handler = routeOf(edge, operation, rest);
    for (const path of rest.paths)
      app.on(rest.method.toUpperCase(), REST_PATH + path.replaceAll(/\{(\w+)\}/g, ":$1"), handler);
  }
  app.get(`${REST_PATH}/openapi.json`, (context) => {
    const inbound = edge.of(context);
    const headers = { "cache-control": "public, max-age=300" };
    return edge.json(inbound, openApiDocument(operations, resourceOf(inbound.tenant)), { headers });
  });
  return app;
}

function routeOf(edge: Edge, { action, run }: MountedOperation, { method, status, headers = {} }: RestPlace): Handler {
  const schema = jsonSchemaOf(action, run.input, "input");
  return edge.action(run, {
    input: (value, inbound, parameters) => {
      const given = method === "get" ? readQuery(withHeaders(value, headers, inbound), schema) : value;
      return withPath(given, parameters);
    },
    render: (success, inbound) => edge.respond(inbound, success, { status }),
  });
}

/** The fields of a query, and what header fields say in its place; what they are for is no part of an address. */
function withHeaders(value: unknown, headers: RestPlace["headers"] = {}, { request }: Inbound): FormFields {
  // Queries are fields, whose values are texts.
  const fields = value as FormFields;
  const kept = Object.entries(fields).filter(([member]) => !Object.hasOwn(headers, member));
  const said = Object.entries(headers).flatMap(([member, name]) => {
    const text = request.headers.get(name);
    return text === null ? [] : [[member, text] as const];
  });
  return Object.fromEntries([...kept, ...said]);
}

/** What the path names counts: whoever says something else besides is told so by the schema. */
function withPath(value: unknown, parameters: Readonly<Record<string, string>>): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  // Any object can be read as a record.
  const given = value as JsonObject;
  const contradicts = Object.entries(parameters).some(([name, part]) => name in given && given[name] !== part);
  return contradicts ? { ...given, path: parameters } : { ...given, ...parameters };
}
