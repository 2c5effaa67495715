import { isDenial, type Denial } from "../kernel/outcome.ts";
import type { ParsedBody } from "../http/body.ts";
import type { FormFields } from "../http/form-body.ts";
import { parseJson } from "../http/json-body.ts";
import { ownPath } from "../http/own-path.ts";
import { FIELDS } from "./act.ts";
import type { FormFiles } from "./upload.ts";
import type { Basis, OtherComponent } from "./call.ts";
import { FRAGMENT_NAME } from "./fragments.ts";
import { ACTION_NAME, type ComponentId } from "./component-id.ts";
import {
  BASIS_MEMBERS,
  isOptionalCount,
  isOptionalText,
  readBasis,
  readComponentId,
  readComponents,
} from "./wire-basis.ts";
import { malformed, unknownMember } from "./wire-refusal.ts";

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

/** A request to load components, or to look whether they have changed. */
export interface LoadRequest {
  readonly components: readonly OtherComponent[];
  readonly csrfToken: string | undefined;
}

type Members = Readonly<Record<string, unknown>>;

const MEMBERS: ReadonlySet<string> = new Set([
  ...BASIS_MEMBERS,
  "action",
  "params",
  "idempotency_key",
  "_csrf_token",
  "others",
  "fragments",
  "seq",
]);
const LOAD_MEMBERS: ReadonlySet<string> = new Set(["components", "_csrf_token"]);
const MOST_FRAGMENTS = 20;
const LONGEST_TOKEN = 1024;
const MOST_OTHERS = 50;
const MOST_LOADED = 50;

/** Understands the body of a request and the files that came with it, or says what is wrong with it. */
export function readLiveRequest(body: ParsedBody, files?: FormFiles): LiveRequest | Denial {
  switch (body.kind) {
    case "json":
      return readJson(body.value);
    case "form": {
      const request = readForm(body.fields);
      if (isDenial(request) || files === undefined) return request;
      return { ...request, basis: { ...request.basis, files } };
    }
    case "none":
      return malformed("The request has no body.");
  }
}

/** Understands the body of a request to load components, or says what is wrong with it. */
export function readLoadRequest(body: ParsedBody): LoadRequest | Denial {
  const members = body.kind === "json" ? membersOf(body.value, LOAD_MEMBERS) : malformed("The body must be JSON.");
  if (isDenial(members)) return members;
  const token = members["_csrf_token"];
  if (!isOptionalText(token, LONGEST_TOKEN)) return malformed("_csrf_token must be text.");
  const components = readComponents(members["components"], "components", MOST_LOADED);
  if (isDenial(components)) return components;
  return components.length === 0 ? malformed("components is empty.") : { components, csrfToken: token };
}

function readJson(value: unknown): LiveRequest | Denial {
  const members = membersOf(value, MEMBERS);
  if (isDenial(members)) return members;
  const others = readComponents(members["others"], "others", MOST_OTHERS);
  if (isDenial(others)) return others;
  return complete(members, others, {
    params: members["params"] ?? {},
    key: members["idempotency_key"],
    form: undefined,
  });
}

function membersOf(value: unknown, known: ReadonlySet<string>): Members | Denial {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return malformed("The body must be an object.");
  const unknown = Object.keys(value).find((name) => !known.has(name));
  if (unknown !== undefined) return unknownMember("", unknown);
  // A JSON object can be read as a record; each member is checked before it is used.
  return value as Members;
}

function readForm(fields: FormFields): LiveRequest | Denial {
  const [action = "", ...rest] = single(fields[FIELDS.action]).split(" ");
  const params = rest.length === 0 ? formParameters(fields) : jsonParameters(rest.join(" "));
  if (isDenial(params)) return params;
  const version = single(fields[FIELDS.version]);
  const members = {
    component_id: fields[FIELDS.component],
    action,
    _csrf_token: fields[FIELDS.token],
    base_version: /^\d{1,15}$/.test(version) ? Number(version) : undefined,
    seed: emptyToUndefined(fields[FIELDS.seed]),
  };
  const form = { back: ownPath(single(fields[FIELDS.back])) };
  return complete(members, [], { params, key: emptyToUndefined(fields[FIELDS.key]), form });
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

interface Sent {
  readonly params: unknown;
  readonly key: unknown;
  readonly form: LiveRequest["form"];
}

function complete(
  members: Members,
  others: readonly OtherComponent[],
  { params, key, form }: Sent,
): LiveRequest | Denial {
  const { action, _csrf_token: token, seq } = members;
  const id = readComponentId(members["component_id"]);
  if (isDenial(id)) return id;
  if (typeof action !== "string" || !ACTION_NAME.test(action))
    return malformed("action must be the name of an action.");
  if (typeof params !== "object" || params === null || Array.isArray(params))
    return malformed("params must be an object.");
  if (!isOptionalText(key, LONGEST_TOKEN)) return malformed("idempotency_key must be text.");
  if (!isOptionalText(token, LONGEST_TOKEN)) return malformed("_csrf_token must be text.");
  if (!isOptionalCount(seq)) return malformed("seq must be a whole number.");
  const basis = readBasis(members);
  if (isDenial(basis)) return basis;
  const fragments = readFragments(members["fragments"]);
  if (isDenial(fragments)) return fragments;
  return {
    id,
    action,
    params,
    basis: { ...basis, ...fragments, others },
    csrfToken: token,
    idempotencyKey: key,
    seq,
    form,
  };
}

function readFragments(value: unknown): Pick<Basis, "fragments"> | Denial {
  if (value === undefined) return {};
  const names: readonly unknown[] = Array.isArray(value) ? value : [];
  const isName = (name: unknown): name is string => typeof name === "string" && FRAGMENT_NAME.test(name);
  if (names.length === 0 || names.length > MOST_FRAGMENTS || !names.every(isName))
    return malformed(`fragments must be a list of 1 to ${MOST_FRAGMENTS} names.`);
  return { fragments: names };
}
