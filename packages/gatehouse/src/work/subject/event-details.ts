import type { OrderPayloads, PayloadOwner } from "./payloads.ts";

type Details = Readonly<Record<string, unknown>>;

/** What an event tells. */
export interface EventDetails {
  readonly kind: string;
  /** What everybody may know who sees the event: states, numbers, names of our own. */
  readonly plain?: Details;
  /** What tells of payloads: texts that people or agents have written, values. Sealed where the order has a subject. */
  readonly payload?: Details;
}

/** The details of an event, as they are kept: a JSON object, of which one member is sealed where the order has a subject. */
export function sealDetails(
  payloads: OrderPayloads,
  { subject }: Pick<PayloadOwner, "subject">,
  { kind, plain = {}, payload }: EventDetails,
): string {
  if (payload === undefined || subject === undefined) return JSON.stringify({ ...plain, ...payload });
  return JSON.stringify({ ...plain, sealed: payloads.seal(["event", kind], JSON.stringify(payload)) });
}

/** Opens the details of an event. Where the subject was erased, what was sealed is left out. */
export function openDetails(
  payloads: OrderPayloads | undefined,
  { subject }: Pick<PayloadOwner, "subject">,
  { kind, details }: { readonly kind: string; readonly details: string },
): Details {
  // Only `sealDetails` makes such texts.
  const { sealed, ...plain } = JSON.parse(details) as { readonly [name: string]: unknown; readonly sealed?: unknown };
  if (subject === undefined || typeof sealed !== "string") return sealed === undefined ? plain : { ...plain, sealed };
  if (payloads === undefined) return { ...plain, erased: true };
  // What was sealed for an event is an object, as `sealDetails` takes no other.
  return { ...plain, ...(JSON.parse(payloads.open(["event", kind], sealed)) as Details) };
}
