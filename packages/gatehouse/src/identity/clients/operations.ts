import { z } from "zod";
import { defineAction, type AnyAction, type Authorise } from "../../kernel/action.ts";
import type { Attempt, Entrance } from "../../kernel/attempt.ts";
import type { EventDefinition } from "../../kernel/event.ts";
import { deny, isDenial, type Denial } from "../../kernel/outcome.ts";
import type { ClientKey } from "../../kernel/ports/oauth-clients.ts";
import type { WriteTransaction } from "../../kernel/ports/store.ts";
import { problems } from "../../kernel/problems.ts";
import { identityEvents } from "../events.ts";
import type { ClientEnding, ClientRegistry } from "./client-registry.ts";
import { ClientSettingsShape } from "./client-settings.ts";
import type { RegistrationTokens } from "./registration-tokens.ts";

/** What operators of clients work with. */
export interface ClientOperationsParts {
  readonly registry: ClientRegistry;
  readonly tokens: RegistrationTokens;
  /** Who may. */
  readonly operatorsOnly: Authorise<unknown>;
  /** Over which entrances. */
  readonly entrances: readonly Entrance[];
}

const MOST_LISTED = 200;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const YEAR_IN_HOURS = 366 * 24;
/** Hours in which a client takes over a new secret, where nobody says how long. */
const OVERLAP_HOURS = 24;

const Id = z.string().min(1).max(2000);
const NewClient = z.strictObject(ClientSettingsShape);

/** What operators do with clients, the same from the console and the command line. */
export function createClientOperations(parts: ClientOperationsParts): readonly AnyAction[] {
  const { registry } = parts;
  return [
    createOne(parts),
    list(parts),
    change(parts),
    rotateSecret(parts),
    retireSecret(parts),
    step(parts, { verb: "disable", event: identityEvents.oauth_client_disabled }, (writing, key, by) =>
      registry.setState(writing, key, { ...by, state: "disabled" }),
    ),
    step(parts, { verb: "enable", event: identityEvents.oauth_client_enabled }, (writing, key, by) =>
      registry.setState(writing, key, { ...by, state: "active" }),
    ),
    step(parts, { verb: "delete", event: identityEvents.oauth_client_deleted }, (writing, key, by) =>
      registry.remove(writing, key, by),
    ),
    ...tokenOperations(parts),
  ];
}

function keyOf({ tenant }: Attempt, id: string): ClientKey {
  return { tenant, id };
}

function createOne({ registry, operatorsOnly, entrances }: ClientOperationsParts): AnyAction {
  return defineAction({
    name: "clients.create",
    entrances,
    input: NewClient,
    effects: "store",
    // The answer has a secret, which is kept nowhere.
    idempotency: false,
    authorise: operatorsOnly,
    audit: { event: identityEvents.oauth_client_created, target: (_input, { id }: { readonly id: string }) => id },
    run: ({ attempt, input, transaction }) => registry.create(transaction, attempt.tenant, input),
  });
}

function list({ registry, operatorsOnly, entrances }: ClientOperationsParts): AnyAction {
  return defineAction({
    name: "clients.list",
    entrances,
    input: z.strictObject({
      id: Id.optional(),
      after: Id.optional(),
      limit: z.int().min(1).max(MOST_LISTED).default(100),
    }),
    effects: "none",
    authorise: operatorsOnly,
    run: async ({ attempt, input: { id, ...page }, transaction }) => {
      if (id === undefined) return { clients: await registry.list(transaction, { ...page, tenant: attempt.tenant }) };
      const client = await registry.find(transaction, keyOf(attempt, id));
      return client === undefined ? missing(id) : { clients: [client] };
    },
  });
}

function change({ registry, operatorsOnly, entrances }: ClientOperationsParts): AnyAction {
  return defineAction({
    name: "clients.change",
    entrances,
    input: z.strictObject({ id: Id, settings: NewClient }),
    effects: "store",
    authorise: operatorsOnly,
    audit: { event: identityEvents.oauth_client_edited, target: ({ id }) => id },
    run: async ({ attempt, input: { id, settings }, transaction }) =>
      (await registry.change(transaction, keyOf(attempt, id), settings)) ?? { id },
  });
}

function rotateSecret({ registry, operatorsOnly, entrances }: ClientOperationsParts): AnyAction {
  return defineAction({
    name: "clients.rotate-secret",
    entrances,
    input: z.strictObject({
      id: Id,
      overlapHours: z.int().min(0).max(YEAR_IN_HOURS).default(OVERLAP_HOURS),
      lifetimeDays: z.int().min(1).max(3660).optional(),
    }),
    effects: "store",
    // The answer has a secret, which is kept nowhere.
    idempotency: false,
    authorise: operatorsOnly,
    audit: {
      event: identityEvents.oauth_client_secret_rotated,
      target: ({ id }) => id,
      context: ({ overlapHours, lifetimeDays }) => ({ overlapHours, lifetimeDays }),
    },
    run: async ({ attempt, input: { id, overlapHours, lifetimeDays }, transaction }) => {
      const lifetime = lifetimeDays === undefined ? undefined : lifetimeDays * DAY;
      const rotation = { overlap: overlapHours * HOUR, lifetime };
      const made = await registry.rotateSecret(transaction, keyOf(attempt, id), rotation);
      return isDenial(made) ? made : { client: id, ...made };
    },
  });
}

function retireSecret({ registry, operatorsOnly, entrances }: ClientOperationsParts): AnyAction {
  return defineAction({
    name: "clients.retire-secret",
    entrances,
    input: z.strictObject({ id: Id, secret: z.uuid() }),
    effects: "store",
    authorise: operatorsOnly,
    audit: {
      event: identityEvents.oauth_client_secret_retired,
      target: ({ id }) => id,
      context: ({ secret }) => ({ secret }),
    },
    run: async ({ attempt, input: { id, secret }, transaction }) =>
      (await registry.retireSecret(transaction, keyOf(attempt, id), secret)) ?? { id },
  });
}

function step(
  { operatorsOnly, entrances }: ClientOperationsParts,
  { verb, event }: { readonly verb: string; readonly event: EventDefinition },
  take: (writing: WriteTransaction, key: ClientKey, by: ClientEnding) => Promise<Denial | undefined>,
): AnyAction {
  return defineAction({
    name: `clients.${verb}`,
    entrances,
    input: z.strictObject({ id: Id, reason: z.string().trim().min(1).max(500).optional() }),
    effects: "store",
    authorise: operatorsOnly,
    audit: { event, target: ({ id }) => id, context: ({ reason }) => ({ reason }) },
    run: async ({ attempt, principal, input: { id, reason }, transaction }) => {
      const by = { by: `${principal.type}:${principal.id}`, reason };
      return (await take(transaction, keyOf(attempt, id), by)) ?? { id };
    },
  });
}

function tokenOperations({ tokens, operatorsOnly, entrances }: ClientOperationsParts): readonly AnyAction[] {
  const issue = defineAction({
    name: "registration-tokens.issue",
    entrances,
    input: z.strictObject({
      label: z.string().trim().min(1).max(120),
      uses: z.int().min(1).max(100_000).default(1),
      hours: z.int().min(1).max(YEAR_IN_HOURS).default(24),
    }),
    effects: "store",
    // The answer has the token, which is kept nowhere.
    idempotency: false,
    authorise: operatorsOnly,
    audit: {
      event: identityEvents.oauth_registration_token_issued,
      target: (_input, { id }: { readonly id: string }) => id,
      context: ({ label, uses, hours }) => ({ label, uses, hours }),
    },
    run: ({ attempt: { tenant }, input: { label, uses, hours }, transaction }) =>
      tokens.issue(transaction, { tenant, label, uses, lifetime: hours * HOUR }),
  });
  const listed = defineAction({
    name: "registration-tokens.list",
    entrances,
    input: z.strictObject({}),
    effects: "none",
    authorise: operatorsOnly,
    run: async ({ attempt: { tenant }, transaction }) => ({ tokens: await tokens.list(transaction, tenant) }),
  });
  const revoke = defineAction({
    name: "registration-tokens.revoke",
    entrances,
    input: z.strictObject({ id: z.uuid() }),
    effects: "store",
    authorise: operatorsOnly,
    audit: { event: identityEvents.oauth_registration_token_revoked, target: ({ id }) => id },
    run: async ({ attempt: { tenant }, input: { id }, transaction }) =>
      (await tokens.revoke(transaction, { tenant, id })) ?? { id },
  });
  return [issue, listed, revoke];
}

function missing(id: string): Denial {
  return deny(problems.NOT_FOUND, { detail: `There is no client ${id}.` });
}
