import { z } from "zod";
import { defineAction, type AnyAction, type Authorise } from "../../kernel/action.ts";
import type { Entrance } from "../../kernel/attempt.ts";
import { deny, isDenial } from "../../kernel/outcome.ts";
import type { AccountState } from "../../kernel/ports/accounts.ts";
import { problems } from "../../kernel/problems.ts";
import { identityEvents } from "../events.ts";
import { accountProblems } from "../problems.ts";
import type { Directory } from "./directory.ts";
import { Email } from "./email.ts";
import type { Membership } from "./membership.ts";
import type { Passwords } from "./passwords/passwords.ts";

/** What operators of accounts work with. */
export interface AccountOperationsParts {
  readonly directory: Directory;
  readonly passwords: Passwords;
  readonly membership: Membership;
  /** Who may. */
  readonly operatorsOnly: Authorise<unknown>;
  /** Over which entrances. Creating accounts with a password and inviting are for the command line in any case. */
  readonly entrances: readonly Entrance[];
}

const MOST_LISTED = 200;

const Person = {
  email: Email,
  name: z.string().trim().min(1).max(120),
  locale: z
    .string()
    .regex(/^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$/)
    .max(35)
    .default("en"),
  grants: z
    .array(z.string().regex(/^[a-z][a-z0-9-]{0,39}$/))
    .max(50)
    .default([]),
};

const Which = z.strictObject({ id: z.uuid() });

/** What operators do with accounts, the same from the console and the command line. */
export function createAccountOperations(parts: AccountOperationsParts): readonly AnyAction[] {
  return [
    createOne(parts),
    inviteOne(parts),
    list(parts),
    grant(parts),
    changeState(parts, { verb: "disable", state: "disabled" }),
    changeState(parts, { verb: "enable", state: "active" }),
    removeOne(parts),
  ];
}

function createOne({ directory, passwords, operatorsOnly }: AccountOperationsParts): AnyAction {
  return defineAction({
    name: "accounts.create",
    entrances: ["job"],
    input: z.strictObject({ ...Person, password: z.string().max(1000).optional() }),
    effects: "store",
    idempotency: false,
    authorise: operatorsOnly,
    audit: { event: identityEvents.user_created, target: (_input, { id }: { readonly id: string }) => id },
    prepare: async ({ input: { password, name, email } }) =>
      password === undefined ? undefined : passwords.prepare(password, { names: [name, email], secondFactor: false }),
    run: async ({ attempt, input: { password: _, ...person }, prepared: phc, transaction }) => {
      const account = await directory.create(transaction, { ...person, tenant: attempt.tenant, verified: false });
      if (account === undefined) return deny(accountProblems.ACCOUNT_EXISTS);
      if (phc !== undefined) await passwords.set(transaction, account, phc);
      return { id: account.id };
    },
  });
}

function inviteOne({ membership, operatorsOnly }: AccountOperationsParts): AnyAction {
  return defineAction({
    name: "accounts.invite",
    entrances: ["job"],
    input: z.strictObject(Person),
    effects: "store",
    idempotency: false,
    authorise: operatorsOnly,
    audit: { event: identityEvents.user_invited },
    run: async ({ attempt, input, transaction }) => {
      const link = await membership.invite(transaction, { ...input, tenant: attempt.tenant });
      return isDenial(link) ? link : { link };
    },
  });
}

function list({ directory, operatorsOnly, entrances }: AccountOperationsParts): AnyAction {
  return defineAction({
    name: "accounts.list",
    entrances,
    input: z.strictObject({
      after: z.uuid().optional(),
      limit: z.int().min(1).max(MOST_LISTED).default(50),
    }),
    effects: "none",
    authorise: operatorsOnly,
    run: async ({ attempt, input, transaction }) => {
      const page = await directory.list(transaction, { ...input, tenant: attempt.tenant });
      const accounts = [];
      for (const account of page) {
        accounts.push({ ...account, emails: await directory.emails(transaction, account) });
      }
      return { accounts };
    },
  });
}

function grant({ directory, operatorsOnly, entrances }: AccountOperationsParts): AnyAction {
  return defineAction({
    name: "accounts.grant",
    entrances,
    input: z.strictObject({ ...Which.shape, grants: z.array(z.string().regex(/^[a-z][a-z0-9-]{0,39}$/)).max(50) }),
    effects: "store",
    authorise: operatorsOnly,
    audit: {
      event: identityEvents.user_updated,
      target: ({ id }) => id,
      context: ({ grants }) => ({ grants: grants.join(" ") }),
    },
    run: async ({ attempt, input: { id, grants }, transaction }) => {
      const changed = await directory.change(transaction, { tenant: attempt.tenant, id }, { grants });
      return changed === undefined ? deny(problems.NOT_FOUND) : { id };
    },
  });
}

function changeState(
  { directory, operatorsOnly, entrances }: AccountOperationsParts,
  { verb, state }: { readonly verb: "disable" | "enable"; readonly state: AccountState },
): AnyAction {
  return defineAction({
    name: `accounts.${verb}`,
    entrances,
    input: Which,
    effects: "store",
    authorise: operatorsOnly,
    audit: {
      event: state === "active" ? identityEvents.user_enabled : identityEvents.user_disabled,
      target: ({ id }) => id,
    },
    run: async ({ attempt, input: { id }, transaction }) => {
      const changed = await directory.change(transaction, { tenant: attempt.tenant, id }, { state });
      return changed === undefined ? deny(problems.NOT_FOUND) : { id };
    },
  });
}

function removeOne({ directory, operatorsOnly, entrances }: AccountOperationsParts): AnyAction {
  return defineAction({
    name: "accounts.delete",
    entrances,
    input: Which,
    effects: "store",
    authorise: operatorsOnly,
    audit: { event: identityEvents.user_deleted, target: ({ id }) => id },
    run: async ({ attempt, input: { id }, transaction }) => {
      const gone = await directory.remove(transaction, { tenant: attempt.tenant, id });
      return gone ? { id } : deny(problems.NOT_FOUND);
    },
  });
}
