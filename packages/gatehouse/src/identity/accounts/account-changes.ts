import { z } from "zod";
import { defineAction, type AnyAction, type Authorise } from "../../kernel/action.ts";
import type { Entrance } from "../../kernel/attempt.ts";
import type { EventDefinition } from "../../kernel/event.ts";
import { isDenial } from "../../kernel/outcome.ts";
import type { FactorKind, Factors } from "../../kernel/ports/accounts.ts";
import type { GrantEnding } from "../../kernel/ports/oauth-grants.ts";
import type { WriteTransaction } from "../../kernel/ports/store.ts";
import { identityEvents } from "../events.ts";
import { namesOne, SAY_WHICH, selectAccount, Which } from "./account-selection.ts";
import type { Account, Directory } from "./directory.ts";

/** Something an account may do: a role of the application. */
export const Grant = z.string().regex(/^[a-z][a-z0-9-]{0,39}$/);

/** What a change answers with. */
export interface AccountChanged {
  readonly id: string;
}

/** What changes of accounts work with. */
export interface AccountChangesParts {
  readonly directory: Directory;
  readonly factors: Factors;
  /** Who may. */
  readonly operatorsOnly: Authorise<unknown>;
  /** Over which entrances. What answers with a link to an account is for the command line in any case. */
  readonly entrances: readonly Entrance[];
}

const SECOND_FACTORS: readonly FactorKind[] = ["totp", "passkey", "recovery"];
const Reason = z.string().trim().min(1).max(500);

/** What operators change of accounts. Each change signs the person out everywhere. */
export function createAccountChanges(parts: AccountChangesParts): readonly AnyAction[] {
  const { directory, factors } = parts;
  return [
    changeGrants(parts, { verb: "grant", change: (before, grants) => [...new Set([...before, ...grants])] }),
    changeGrants(parts, {
      verb: "revoke-grant",
      change: (before, grants) => before.filter((one) => !grants.includes(one)),
    }),
    change(parts, {
      ...{ verb: "disable", event: identityEvents.user_disabled, reason: Reason.optional() },
      run: (writing, account, ending) => directory.change(writing, account, { state: "disabled", ending }),
    }),
    change(parts, {
      ...{ verb: "enable", event: identityEvents.user_enabled, reason: Reason.optional() },
      run: (writing, account, ending) => directory.change(writing, account, { state: "active", ending }),
    }),
    change(parts, {
      ...{ verb: "delete", event: identityEvents.user_deleted, reason: Reason.optional() },
      run: (writing, account, ending) => directory.remove(writing, account, ending),
    }),
    change(parts, {
      ...{ verb: "sign-out", event: identityEvents.user_signed_out, reason: Reason },
      run: (writing, account, ending) =>
        directory.change(writing, account, { ending: { ...ending, cause: "operator" } }),
    }),
    change(parts, {
      ...{ verb: "reset-factors", event: identityEvents.user_factors_reset, reason: Reason },
      run: async (writing, account, ending) => {
        const { tenant, id } = account;
        for (const kind of SECOND_FACTORS) await factors.removeAll(writing, { tenant, account: id, kind });
        await directory.change(writing, account, { ending });
      },
    }),
  ];
}

interface Change {
  readonly verb: string;
  readonly event: EventDefinition;
  readonly reason: z.ZodType<string | undefined>;
  readonly run: (writing: WriteTransaction, account: Account, ending: GrantEnding) => Promise<unknown>;
}

function change(
  { directory, operatorsOnly, entrances }: AccountChangesParts,
  { verb, event, reason: why, run }: Change,
): AnyAction {
  return defineAction({
    name: `accounts.${verb}`,
    entrances,
    input: z.strictObject({ ...Which, reason: why }).refine(namesOne, SAY_WHICH),
    effects: "store",
    authorise: operatorsOnly,
    audit: {
      event,
      target: (_input, { id }: AccountChanged) => id,
      context: ({ reason }) => (reason === undefined ? {} : { reason }),
    },
    run: async ({ attempt, principal, input: { reason, ...which }, transaction }) => {
      const account = await selectAccount(directory, transaction, { tenant: attempt.tenant, ...which });
      if (isDenial(account)) return account;
      const by = `${principal.type}:${principal.id}`;
      await run(transaction, account, { cause: "account_changed", by, ...(reason === undefined ? {} : { reason }) });
      return { id: account.id };
    },
  });
}

interface GrantsChanged extends AccountChanged {
  readonly grants: readonly string[];
}

interface GrantChange {
  readonly verb: "grant" | "revoke-grant";
  readonly change: (before: readonly string[], grants: readonly string[]) => readonly string[];
}

function changeGrants(
  { directory, operatorsOnly, entrances }: AccountChangesParts,
  { verb, change: changed }: GrantChange,
): AnyAction {
  return defineAction({
    name: `accounts.${verb}`,
    entrances,
    input: z.strictObject({ ...Which, grants: z.array(Grant).min(1).max(50) }).refine(namesOne, SAY_WHICH),
    effects: "store",
    authorise: operatorsOnly,
    audit: {
      event: identityEvents.user_updated,
      target: (_input, { id }: GrantsChanged) => id,
      context: (_input, { grants }: GrantsChanged) => ({ grants: grants.join(" ") }),
    },
    run: async ({ attempt, principal, input: { grants: named, ...which }, transaction }) => {
      const account = await selectAccount(directory, transaction, { tenant: attempt.tenant, ...which });
      if (isDenial(account)) return account;
      const grants = changed(account.grants, named);
      // Who may do what they might before stays signed in.
      if (grants.length === account.grants.length) return { id: account.id, grants };
      const ending: GrantEnding = { cause: "account_changed", by: `${principal.type}:${principal.id}` };
      await directory.change(transaction, account, { grants, ending });
      return { id: account.id, grants };
    },
  });
}
