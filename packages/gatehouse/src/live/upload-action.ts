import type { StandardSchemaV1 } from "@standard-schema/spec";
import { addressKey, UNKNOWN_ADDRESS } from "../guards/address.ts";
import { defineAction, type AnyAction, type Authorise, type LimitPolicy } from "../kernel/action.ts";
import type { Attempt, Principal } from "../kernel/attempt.ts";
import { deny, type Denial } from "../kernel/outcome.ts";
import { formatComponentId, type ComponentId } from "./component-id.ts";
import type { AnyLiveComponent } from "./component.ts";
import { isVisible } from "./content.ts";
import { liveEvents } from "./events.ts";
import { liveProblems } from "./problems.ts";
import { ownerOf } from "./state.ts";
import type { UploadField } from "./upload.ts";
import { contextOf, type ArrivingFile, type ReceivedFile, type UploadIntake } from "./upload-intake.ts";
import type { Ticket, UploadPlace, UploadSeals } from "./upload-seal.ts";

/** Name of uploads that no field is known of. */
export const UPLOAD = "live.upload";

/** An upload at the gate: where it is to go, by what right, and where its bytes come from. Built by the routes alone. */
export interface UploadCall {
  readonly id: ComponentId;
  readonly field: string;
  readonly ticket: string | undefined;
  readonly file: ArrivingFile;
}

/** What uploads are run with. */
export interface UploadServices {
  readonly seals: UploadSeals;
  readonly intake: UploadIntake;
}

/** Name of the action at the gate that receives files of a field. */
export function uploadName(component: string, field: string): string {
  return `${UPLOAD}.${component}.${field}`;
}

const PASSED_ON: StandardSchemaV1<unknown, UploadCall> = {
  "~standard": {
    version: 1,
    vendor: "gatehouse",
    // The routes have read it; nothing else reaches the live entrance under these names.
    validate: (value) => ({ value: value as UploadCall }),
  },
};
/** Files that one caller sends at once, over all fields, and milliseconds after which one counts no more. */
const AT_ONCE = { limit: 6, window: 15 * 60_000 };
/** Files that all strangers behind one address send at once: many of them may share it, at a venue say. */
const STRANGERS = 48;
const PARALLEL: LimitPolicy = {
  ...{ name: "live.uploads", by: ["session"], anonymousLimit: STRANGERS },
  rule: { kind: "concurrency", ...AT_ONCE },
};
/** How often a caller may try without a field to upload to. */
const NOWHERE: LimitPolicy = {
  name: UPLOAD,
  by: ["session"],
  rule: { kind: "window", limit: 60, window: 60_000 },
};

/** The action at the gate of each upload field of a component: `live.upload.<component>.<field>`. */
export function uploadActions(component: AnyLiveComponent, services: UploadServices): AnyAction[] {
  return Object.entries(component.uploads).map(([name, field]) =>
    defineAction({
      name: uploadName(component.name, name),
      entrances: ["live"],
      input: PASSED_ON,
      // The bytes arrive while it runs: no transaction may wait for them.
      effects: "external",
      authorise: ruleOf(component, field, services),
      anonymous: field.anonymous,
      limits: [PARALLEL, ratePolicy(component.name, name, field)],
      idempotency: false,
      audit: {
        event: liveEvents.upload_complete,
        target: ({ id }) => formatComponentId(id),
        context: (_, { file }: ReceivedFile) => ({ field: name, type: file.type, bytes: file.bytes }),
      },
      async run({ input, attempt, principal, store }): Promise<ReceivedFile | Denial> {
        const place = placeOf(input, { attempt, principal });
        const ticket = checkTicket(place, { call: input, field, services, now: attempt.receivedAt });
        if ("ok" in ticket) return ticket;
        return services.intake.receive(input.file, { place, source: sourceOf(attempt), ticket, store });
      },
    }),
  );
}

/** What becomes of uploads for which there is no field. */
export function nowhereAction(): AnyAction {
  return defineAction({
    name: UPLOAD,
    entrances: ["live"],
    input: PASSED_ON,
    effects: "none",
    authorise: "public",
    limits: [NOWHERE],
    run: ({ input }) => Promise.resolve(ticketInvalid(input)),
  });
}

/** Asks for a ticket, even where anyone may upload. What is no rule is handed on as it is: the gate refuses it. */
function ruleOf(
  component: AnyLiveComponent,
  field: UploadField,
  services: UploadServices,
): Authorise<UploadCall> | "public" {
  const { authorise } = field;
  if (authorise !== "public" && typeof authorise !== "function") return authorise;
  return (context) => admit(context, { component, field }, services);
}

type Admission = Parameters<Authorise<UploadCall>>[0];

/**
 * The ticket first: without one, nobody learns what the rules would say. Who may not be shown the component any more
 * cannot upload to it, however good the ticket is.
 */
async function admit(
  { input, principal, attempt, read }: Admission,
  { component, field }: { readonly component: AnyLiveComponent; readonly field: UploadField },
  services: UploadServices,
): Promise<boolean | Denial> {
  const place = placeOf(input, { attempt, principal });
  const ticket = checkTicket(place, { call: input, field, services, now: attempt.receivedAt });
  if ("ok" in ticket) return ticket;
  const { tenant, instance } = place;
  if (!isVisible(component, { principal, tenant, instance, props: ticket.props })) return false;
  return field.authorise === "public" || field.authorise({ principal, attempt, read, tenant, instance });
}

function placeOf(
  { id, field }: UploadCall,
  { attempt, principal }: { readonly attempt: Attempt; readonly principal: Principal },
): UploadPlace {
  return { ...id, field, tenant: attempt.tenant, owner: ownerOf(principal) };
}

/** What the network of a sender is counted by. */
function sourceOf({ peer }: Attempt): string | undefined {
  const source = addressKey(peer.ip);
  return source === UNKNOWN_ADDRESS ? undefined : source;
}

function checkTicket(
  place: UploadPlace,
  {
    call,
    field,
    services,
    now,
  }: {
    readonly call: UploadCall;
    readonly field: UploadField;
    readonly services: UploadServices;
    readonly now: number;
  },
): Ticket | Denial {
  const ticket = call.ticket === undefined ? "damaged" : services.seals.openTicket(place, call.ticket, { field, now });
  if (ticket === "damaged") return ticketInvalid(call);
  if (ticket === "expired") return ticketRefused(liveProblems.UPLOAD_TICKET_EXPIRED, call);
  return ticket;
}

function ticketInvalid(call: UploadCall): Denial {
  return ticketRefused(liveProblems.UPLOAD_TICKET_INVALID, call);
}

function ticketRefused(problem: Denial["problem"], { id, field, ticket }: UploadCall): Denial {
  return deny(problem, {
    event: liveEvents.upload_ticket_refused,
    context: { ...contextOf({ ...id, field }), ticket: ticket === undefined ? "missing" : "refused" },
    extensions: { action: "REFRESH_PAGE" },
  });
}

function ratePolicy(component: string, name: string, field: UploadField): LimitPolicy {
  const { rateLimit = 60, rateLimitWindow = 60, anonymousLimit, limitBy = ["principal", "action"] } = field;
  return {
    ...{ name: `${component}.${name}`, by: limitBy },
    rule: { kind: "window", limit: rateLimit, window: rateLimitWindow * 1000 },
    ...(anonymousLimit === undefined ? {} : { anonymousLimit }),
  };
}
