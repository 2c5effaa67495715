import { isDenial, type Denial } from "../kernel/outcome.ts";
import type { Carried } from "./attempts.ts";
import type { ParsedBody } from "./body.ts";
import type { Inbound } from "./inbound.ts";
import { malformed } from "./refusal.ts";

const CSRF_MEMBER = "_csrf_token";
const KEY_MEMBER = "idempotency_key";

/** An action's input as the body of a request carries it, with the members that belong to the guards taken out. */
export async function readActionInput(inbound: Inbound): Promise<Carried | Denial> {
  const body = await inbound.body();
  return isDenial(body) ? body : separate(valueOf(body));
}

/** The body of a signed message, whole: none of its members belongs to the guards. */
export async function readSignedInput(inbound: Inbound): Promise<Carried | Denial> {
  const body = await inbound.body();
  return isDenial(body) ? body : { value: valueOf(body) };
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

function separate(value: unknown): Carried | Denial {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return { value };
  }
  // Any object can be read as a record; each member is checked before use.
  const { [CSRF_MEMBER]: csrfToken, [KEY_MEMBER]: idempotencyKey, ...rest } = value as Record<string, unknown>;
  if (csrfToken !== undefined && typeof csrfToken !== "string") return malformed(`${CSRF_MEMBER} must be one text.`);
  if (idempotencyKey !== undefined && typeof idempotencyKey !== "string")
    return malformed(`${KEY_MEMBER} must be one text.`);
  return { value: rest, csrfToken, idempotencyKey };
}
