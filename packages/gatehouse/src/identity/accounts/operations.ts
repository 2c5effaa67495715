import { z } from "zod";
import { defineAction, type AnyAction } from "../../kernel/action.ts";
import { deny, isDenial } from "../../kernel/outcome.ts";
import { identityEvents } from "../events.ts";
import { accountProblems } from "../problems.ts";
import { createAccountChanges, Grant, type AccountChanged, type AccountChangesParts } from "./account-changes.ts";
import { describeAccount } from "./account-description.ts";
import type { AccountRecovery } from "./account-recovery.ts";
import { namesOne, SAY_WHICH, selectAccount, Which } from "./account-selection.ts";
import { Email } from "./email.ts";
import type { Membership } from "./membership.ts";
import type { Passwords } from "./passwords/passwords.ts";

/** What operators of accounts work with. */
export interface AccountOperationsParts extends AccountChangesParts {
  readonly passwords: Passwords;
  readonly membership: Membership;
  readonly recovery: AccountRecovery;
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
  grants: z.array(Grant).max(50).default([]),
};

/** What operators do with accounts, the same from the console and the command line. */
export function createAccountOperations(parts: AccountOperationsParts): readonly AnyAction[] {
  return [createOne(parts), inviteOne(parts), linkTo(parts), list(parts), show(parts), ...createAccountChanges(parts)];
}

function createOne({ directory, passwords, recovery, operatorsOnly }: AccountOperationsParts): AnyAction {
  return defineAction({
    name: "accounts.create",
    entrances: ["job"],
    input: z.strictObject({ ...Person, password: z.string().max(1000).optional() }),
    effects: "store",
    idempotency: false,
    authorise: operatorsOnly,
    audit: {
      event: identityEvents.user_created,
      target: (_input, { id }: AccountChanged) => id,
      context: ({ grants }) => ({ grants: grants.join(" ") }),
    },
    prepare: async ({ input: { password, name, email } }) =>
      password === undefined ? undefined : passwords.prepare(password, { names: [name, email], secondFactor: false }),
    run: async ({ attempt, input: { password: _, ...person }, prepared: phc, transaction }) => {
      const account = await directory.create(transaction, { ...person, tenant: attempt.tenant, verified: false });
      if (account === undefined) return deny(accountProblems.ACCOUNT_EXISTS);
      if (phc === undefined) {
        return { id: account.id, link: await recovery.linkFor(transaction, account, person.email) };
      }
      await passwords.set(transaction, account, phc);
      return { id: account.id };
    },
  });
}

function inviteOne({ membership, operatorsOnly, entrances }: AccountOperationsParts): AnyAction {
  return defineAction({
    name: "accounts.invite",
    entrances,
    input: z.strictObject(Person),
    effects: "store",
    idempotency: false,
    authorise: operatorsOnly,
    audit: { event: identityEvents.user_invited, context: ({ grants }) => ({ grants: grants.join(" ") }) },
    run: async ({ attempt, input, transaction }) => {
      const link = await membership.invite(transaction, { ...input, tenant: attempt.tenant });
      if (isDenial(link)) return link;
      // Elsewhere than on the command line others may read along: there the letter alone has it.
      return attempt.entrance === "job" ? { link } : {};
    },
  });
}

function linkTo({ directory, recovery, operatorsOnly }: AccountOperationsParts): AnyAction {
  return defineAction({
    name: "accounts.link",
    entrances: ["job"],
    input: z.strictObject(Which).refine(namesOne, SAY_WHICH),
    effects: "store",
    idempotency: false,
    authorise: operatorsOnly,
    audit: { event: identityEvents.user_link_issued, target: (_input, { id }: AccountChanged) => id },
    run: async ({ attempt, input, transaction }) => {
      const account = await selectAccount(directory, transaction, { tenant: attempt.tenant, ...input });
      if (isDenial(account)) return account;
      if (account.state !== "active") return deny(accountProblems.ACCOUNT_DISABLED);
      const [first] = await directory.emails(transaction, account);
      const link = await recovery.linkFor(transaction, account, input.email ?? first?.email ?? "");
      return { id: account.id, link };
    },
  });
}

function list({ directory, factors, operatorsOnly, entrances }: AccountOperationsParts): AnyAction {
  return defineAction({
    name: "accounts.list",
    entrances,
    input: z.strictObject({
      email: Email.optional(),
      after: z.uuid().optional(),
      limit: z.int().min(1).max(MOST_LISTED).default(50),
    }),
    effects: "none",
    authorise: operatorsOnly,
    run: async ({ attempt: { tenant }, input: { email, after, limit }, transaction }) => {
      // Addresses are stored as keyed hashes: one is found by all of it, or not at all.
      const found =
        email === undefined
          ? await directory.list(transaction, { tenant, after, limit: limit + 1 })
          : [await directory.findByEmail(transaction, tenant, email)].filter((account) => account !== undefined);
      const accounts = [];
      for (const account of found.slice(0, limit)) {
        accounts.push(await describeAccount({ directory, factors }, transaction, account));
      }
      return { accounts, next: found.length > limit ? accounts.at(-1)?.id : undefined };
    },
  });
}

function show({ directory, factors, operatorsOnly, entrances }: AccountOperationsParts): AnyAction {
  return defineAction({
    name: "accounts.show",
    entrances,
    input: z.strictObject(Which).refine(namesOne, SAY_WHICH),
    effects: "none",
    authorise: operatorsOnly,
    run: async ({ attempt, input, transaction }) => {
      const account = await selectAccount(directory, transaction, { tenant: attempt.tenant, ...input });
      return isDenial(account) ? account : describeAccount({ directory, factors }, transaction, account);
    },
  });
}
