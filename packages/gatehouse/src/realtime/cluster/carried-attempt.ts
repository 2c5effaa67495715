import { z } from "zod";
import type { Attempt, Principal } from "../../kernel/attempt.ts";
import type { ActorAddress } from "../../kernel/ports/actors.ts";

const principal = z.object({
  type: z.enum(["user", "guest", "agent", "client", "system", "anonymous"]),
  id: z.string(),
  tenant: z.string(),
  grants: z.array(z.string()),
  session: z.string().optional(),
  onBehalfOf: z.string().optional(),
});

const carriedAttempt = z.object({
  address: z.object({ tenant: z.string(), type: z.string(), key: z.array(z.string()) }),
  id: z.string(),
  /** What a connection attempts, or the system itself. */
  entrance: z.enum(["realtime", "job"]),
  action: z.string(),
  tenant: z.string(),
  receivedAt: z.number(),
  peer: z.object({ ip: z.string(), tls: z.boolean(), connection: z.string().optional() }),
  principal,
  known: z.object({ by: z.enum(["session", "invitation"]), id: z.string() }).optional(),
  claimedClient: z.string().optional(),
  input: z.unknown().optional(),
  idempotencyKey: z.string(),
  /** Milliseconds the caller still waits: clocks of servers differ. */
  patience: z.number(),
});

/** An attempt at a command of an actor as it travels between nodes. It carries who is known to attempt it, and no secret. */
export type CarriedAttempt = z.infer<typeof carriedAttempt>;

/** An attempt and where it goes. */
export interface AddressedAttempt {
  readonly address: ActorAddress;
  readonly attempt: Attempt;
}

/** How an attempt travels. */
export interface CarryOptions {
  readonly idempotencyKey: string;
  /** Milliseconds the caller still waits. */
  readonly patience: number;
}

/** An attempt as data; `undefined` where what proves who attempts it must stay where it was shown. */
export function carryAttempt(
  { address, attempt }: AddressedAttempt,
  { idempotencyKey, patience }: CarryOptions,
): CarriedAttempt | undefined {
  const { credentials, id, action, tenant, receivedAt, peer, known, claimedClient } = attempt;
  const [credential] = credentials;
  const entrance = credential?.kind === "connection" ? "realtime" : "job";
  if (credential === undefined || credentials.length !== 1 || attempt.entrance !== entrance) return undefined;
  if (credential.kind !== "connection" && credential.kind !== "internal") return undefined;
  if (attempt.provenance.kind !== credential.kind) return undefined;
  return {
    address: { tenant: address.tenant, type: address.type, key: [...address.key] },
    ...{ id, entrance, action, tenant, receivedAt, peer, idempotencyKey, patience },
    principal: { ...credential.principal, grants: [...credential.principal.grants] },
    input: attempt.input,
    ...(known === undefined ? {} : { known }),
    ...(claimedClient === undefined ? {} : { claimedClient }),
  };
}

/** The attempt in what has come from another node; `undefined` where it is none, as another release's may be. */
export function uncarryAttempt(value: unknown, now: number): AddressedAttempt | undefined {
  const parsed = carriedAttempt.safeParse(value);
  if (!parsed.success) return undefined;
  const { address, principal: carried, patience, known, claimedClient, peer, input, ...rest } = parsed.data;
  const { connection, ...line } = peer;
  const kind = rest.entrance === "realtime" ? "connection" : "internal";
  const attempt: Attempt = {
    ...rest,
    input,
    provenance: { kind },
    peer: connection === undefined ? line : { ...line, connection },
    credentials: [{ kind, principal: principalOf(carried) }],
    deadline: now + patience,
    ...(known === undefined ? {} : { known }),
    ...(claimedClient === undefined ? {} : { claimedClient }),
  };
  return { address, attempt };
}

function principalOf({ session, onBehalfOf, grants, ...rest }: z.infer<typeof principal>): Principal {
  return {
    ...rest,
    grants: new Set(grants),
    ...(session === undefined ? {} : { session }),
    ...(onBehalfOf === undefined ? {} : { onBehalfOf }),
  };
}
