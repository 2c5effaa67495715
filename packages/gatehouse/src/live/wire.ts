import { events } from "../kernel/events.ts";
import { deny, isDenial, type Denial } from "../kernel/outcome.ts";
import { problems } from "../kernel/problems.ts";
import type { ParsedBody } from "../http/body.ts";
import type { FormFields } from "../http/form-body.ts";
import { parseJson } from "../http/json-body.ts";
import { ownPath } from "../http/own-path.ts";
import { FIELDS } from "./act.ts";
import type { Basis } from "./call.ts";
import { ACTION_NAME, parseComponentId, type ComponentId } from "./component-id.ts";

/** A request to perform an action, as it was understood. */
export interface LiveRequest {
  readonly id: ComponentId;
  readonly action: string;
  readonly params: unknown;
  readonly basis: Basis;
  readonly csrfToken: string | undefined;
  readonly idempotencyKey: string | undefined;
  /** Given back with the answer, for clients to tell answers apart. */
  readonly seq: number | undefined;
  /** Present for forms sent without scripts: where to go afterwards. */
  readonly form: { readonly back: string | undefined } | undefined;
}

const MEMBERS = new Set([
  "component_id",
  "action",
  "params",
  "idempotency_key",
  "_csrf_token",
  "base_version",
  "seed",
  "seq",
]);
const LONGEST_TOKEN = 1024;
const LONGEST_SEED = 262_144;

/** Understands the body of a request, or says what is wrong with it. */
export function readLiveRequest(body: ParsedBody): LiveRequest | Denial {
  switch (body.kind) {
    case "json":
      return readJson(body.value);
    case "form":
      return readForm(body.fields);
    case "none":
      return malformed("The request has no body.");
  }
}

function readJson(value: unknown): LiveRequest | Denial {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return malformed("The body must be an object.");
  const unknown = Object.keys(value).find((name) => !MEMBERS.has(name));
  if (unknown !== undefined) return malformed("The body has an unknown member.");
  // A JSON object can be read as a record; each member is checked below.
  const members = value as Readonly<Record<string, unknown>>;
  return complete({
    id: members["component_id"],
    action: members["action"],
    params: members["params"] ?? {},
    key: members["idempotency_key"],
    token: members["_csrf_token"],
    version: members["base_version"],
    seed: members["seed"],
    seq: members["seq"],
    form: undefined,
  });
}

function readForm(fields: FormFields): LiveRequest | Denial {
  const [action = "", ...rest] = single(fields[FIELDS.action]).split(" ");
  const params = rest.length === 0 ? formParameters(fields) : jsonParameters(rest.join(" "));
  if (isDenial(params)) return params;
  const version = single(fields[FIELDS.version]);
  return complete({
    id: fields[FIELDS.component],
    action,
    params,
    key: emptyToUndefined(fields[FIELDS.key]),
    token: fields[FIELDS.token],
    version: /^\d{1,15}$/.test(version) ? Number(version) : undefined,
    seed: emptyToUndefined(fields[FIELDS.seed]),
    seq: undefined,
    form: { back: ownPath(single(fields[FIELDS.back])) },
  });
}

function formParameters(fields: FormFields): Record<string, string | readonly string[]> {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !name.startsWith("_")));
}

/** The parameters of a button, within the same bounds as those in a JSON body. */
function jsonParameters(text: string): unknown {
  const answer = parseJson(text);
  return answer.ok ? answer.value : malformed(answer.reason);
}

function single(value: string | readonly string[] | undefined): string {
  return typeof value === "string" ? value : "";
}

function emptyToUndefined(value: string | readonly string[] | undefined): unknown {
  return value === "" ? undefined : value;
}

interface RawRequest {
  readonly id: unknown;
  readonly action: unknown;
  readonly params: unknown;
  readonly key: unknown;
  readonly token: unknown;
  readonly version: unknown;
  readonly seed: unknown;
  readonly seq: unknown;
  readonly form: LiveRequest["form"];
}

function complete(raw: RawRequest): LiveRequest | Denial {
  const { action, params, key, token, version, seed, seq } = raw;
  const id = typeof raw.id === "string" ? parseComponentId(raw.id) : undefined;
  if (id === undefined) return malformed("component_id must be of the form name:instance.");
  if (typeof action !== "string" || !ACTION_NAME.test(action))
    return malformed("action must be the name of an action.");
  if (typeof params !== "object" || params === null || Array.isArray(params))
    return malformed("params must be an object.");
  if (!isOptionalText(key, LONGEST_TOKEN)) return malformed("idempotency_key must be text.");
  if (!isOptionalText(token, LONGEST_TOKEN)) return malformed("_csrf_token must be text.");
  if (!isOptionalText(seed, LONGEST_SEED)) return malformed("seed must be text.");
  if (!isOptionalCount(version)) return malformed("base_version must be a whole number.");
  if (!isOptionalCount(seq)) return malformed("seq must be a whole number.");
  return { id, action, params, basis: { version, seed }, csrfToken: token, idempotencyKey: key, seq, form: raw.form };
}

function isOptionalText(value: unknown, longest: number): value is string | undefined {
  return value === undefined || (typeof value === "string" && value.length <= longest);
}

function isOptionalCount(value: unknown): value is number | undefined {
  return value === undefined || (typeof value === "number" && Number.isSafeInteger(value) && value >= 0);
}

function malformed(detail: string): Denial {
  return deny(problems.MALFORMED_REQUEST, { detail, event: events.request_malformed });
}
