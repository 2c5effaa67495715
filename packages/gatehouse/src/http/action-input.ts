import { isDenial, type Denial } from "../kernel/outcome.ts";
import type { ParsedBody } from "./body.ts";
import type { Inbound } from "./inbound.ts";
import { malformed } from "./refusal.ts";

/** An action's input as a classic request carries it, with the members that belong to the guards taken out. */
export interface ActionInput {
  readonly value: unknown;
  readonly csrfToken: string | undefined;
  readonly idempotencyKey: string | undefined;
}

const CSRF_MEMBER = "_csrf_token";
const KEY_MEMBER = "idempotency_key";

/** The query of a request that reads, the body of one that changes something. */
export async function readActionInput(inbound: Inbound): Promise<ActionInput | Denial> {
  if (inbound.method === "GET" || inbound.method === "HEAD") {
    const query = inbound.query();
    return isDenial(query) ? query : { value: query, csrfToken: undefined, idempotencyKey: undefined };
  }
  const body = await inbound.body();
  return isDenial(body) ? body : separate(valueOf(body));
}

/** The body of a signed message, whole: none of its members belongs to the guards. */
export async function readSignedInput(inbound: Inbound): Promise<ActionInput | Denial> {
  const body = await inbound.body();
  return isDenial(body) ? body : { value: valueOf(body), csrfToken: undefined, idempotencyKey: undefined };
}

function valueOf(body: ParsedBody): unknown {
  switch (body.kind) {
    case "none":
      return {};
    case "json":
      return body.value;
    case "form":
      return body.fields;
  }
}

function separate(value: unknown): ActionInput | Denial {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return { value, csrfToken: undefined, idempotencyKey: undefined };
  }
  // Any object can be read as a record; each member is checked before use.
  const { [CSRF_MEMBER]: csrfToken, [KEY_MEMBER]: idempotencyKey, ...rest } = value as Record<string, unknown>;
  if (csrfToken !== undefined && typeof csrfToken !== "string") return malformed(`${CSRF_MEMBER} must be one text.`);
  if (idempotencyKey !== undefined && typeof idempotencyKey !== "string")
    return malformed(`${KEY_MEMBER} must be one text.`);
  return { value: rest, csrfToken, idempotencyKey };
}
