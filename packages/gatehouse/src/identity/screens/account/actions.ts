import { z } from "zod";
import { defineAction, type AnyAction, type LimitPolicy } from "../../../kernel/action.ts";
import { isDenial, type Denial } from "../../../kernel/outcome.ts";
import type { AccountKey } from "../../../kernel/ports/accounts.ts";
import type { Store } from "../../../kernel/ports/store.ts";
import { refuseLink } from "../../accounts/account-links.ts";
import type { AccountServices } from "../../accounts/accounts.ts";
import { Email } from "../../accounts/email.ts";
import { identityEvents } from "../../events.ts";
import { languages } from "../language.ts";

/** What joining and getting back in works with. */
export interface AccountActionParts {
  readonly accounts: AccountServices;
  readonly store: Pick<Store, "read">;
  readonly registration: boolean;
}

/** All that can be attempted by somebody who cannot sign in. */
export interface AccountActions {
  /** Absent where accounts are given by invitation alone. */
  readonly register?: AnyAction;
  readonly requestReset: AnyAction;
  readonly openLink: AnyAction;
  readonly join: AnyAction;
  readonly verify: AnyAction;
  readonly reset: AnyAction;
  readonly email: AnyAction;
}

/** What is known of a link that leads somewhere. */
export interface OpenedLink {
  /** Who is invited. */
  readonly invited?: { readonly email: string; readonly name: string };
}

/** A password that was set by a link. */
export interface PasswordReset {
  readonly account: string;
  /** For the browser to keep. */
  readonly mark: string;
}

/** All that can be attempted by somebody who cannot sign in. */
export function createAccountActions(parts: AccountActionParts): AccountActions {
  return {
    ...(parts.registration ? { register: createRegister(parts) } : {}),
    requestReset: createRequestReset(parts),
    openLink: createOpenLink(parts),
    join: createJoin(parts),
    verify: createVerify(parts),
    reset: createReset(parts),
    email: createEmailConfirmation(parts),
  };
}

const MINUTE = 60_000;

/** What somebody may try from one address in a quarter of an hour. */
function tries(name: string, limit: number): readonly LimitPolicy[] {
  return [{ name, by: ["ip"], rule: { kind: "window", limit, window: 15 * MINUTE } }];
}

const Token = z.string().max(100);
const NewPassword = z.string().min(1).max(1000);
const Locale = z.enum(languages.tags);
const ForLetter = z.object({ email: Email, locale: Locale });

function createRegister({ accounts: { letters, membership } }: AccountActionParts): AnyAction {
  return defineAction({
    ...{ name: "account.register", entrances: ["http"], input: ForLetter, effects: "store", authorise: "public" },
    idempotency: false,
    limits: tries("account.register", 20),
    audit: { event: identityEvents.account_letter_requested, context: () => ({ purpose: "join" }) },
    prepare: ({ input: { email }, attempt: { tenant } }) => letters.admit(tenant, email),
    run: async ({ input, attempt: { tenant }, transaction }) =>
      (await membership.register(transaction, { tenant, ...input, name: "", grants: [] })) ?? {},
  });
}

function createRequestReset({ accounts: { letters, recovery } }: AccountActionParts): AnyAction {
  return defineAction({
    ...{ name: "account.request-reset", entrances: ["http"], input: ForLetter, effects: "store", authorise: "public" },
    idempotency: false,
    limits: tries("account.request-reset", 20),
    audit: { event: identityEvents.account_letter_requested, context: () => ({ purpose: "reset" }) },
    prepare: ({ input: { email }, attempt: { tenant } }) => letters.admit(tenant, email),
    run: async ({ input: { email }, attempt: { tenant }, transaction }) => {
      await recovery.requestReset(transaction, tenant, email);
      return {};
    },
  });
}

const LinkInput = z.object({ purpose: z.enum(["join", "verify", "reset", "email"]), token: Token });

/** Looks where a link leads, and uses nothing up: programs that look at links before people do open them too. */
function createOpenLink({ accounts: { membership, recovery, emailChange }, store }: AccountActionParts): AnyAction {
  return defineAction({
    ...{ name: "account.open-link", entrances: ["http"], input: LinkInput, effects: "none", authorise: "public" },
    limits: tries("account.open-link", 300),
    run: async ({ input: { purpose, token }, attempt: { tenant } }) => {
      const read: Store["read"] = (look) => store.read(look);
      if (purpose === "email") {
        const opened: OpenedLink = {};
        return (await emailChange.isGood(read, tenant, token)) ? opened : refuseLink({ purpose });
      }
      if (purpose !== "join") {
        const opened: OpenedLink = {};
        return (await recovery.isGood(read, { purpose, tenant }, token)) ? opened : refuseLink({ purpose });
      }
      const invitation = await membership.invitationOf(read, tenant, token);
      if (invitation === undefined) return refuseLink({ purpose });
      const { email, name } = invitation;
      return { invited: { email, name } } satisfies OpenedLink;
    },
  });
}

const JoinInput = z.object({
  token: Token,
  name: z.string().trim().min(1).max(120),
  password: NewPassword,
  locale: Locale,
});

function createJoin({ accounts: { membership } }: AccountActionParts): AnyAction {
  return defineAction({
    ...{ name: "account.join", entrances: ["http"], input: JoinInput, effects: "store", authorise: "public" },
    idempotency: false,
    limits: tries("account.join", 60),
    audit: {
      event: identityEvents.user_created,
      target: (_input, { account }: { readonly account: string }) => account,
    },
    prepare: ({ input, attempt: { tenant }, read }) => membership.prepareJoin({ ...input, tenant, read }),
    run: async ({ prepared, transaction }) => idOf(await membership.commitJoin(transaction, prepared)),
  });
}

function createVerify({ accounts: { recovery } }: AccountActionParts): AnyAction {
  return defineAction({
    ...{ name: "account.verify", entrances: ["http"], effects: "store", authorise: "public" },
    input: z.object({ token: Token }),
    idempotency: false,
    limits: tries("account.verify", 60),
    audit: {
      event: identityEvents.account_email_proven,
      target: (_input, { account }: { readonly account: string }) => account,
    },
    run: async ({ input: { token }, attempt: { tenant }, transaction }) =>
      idOf(await recovery.confirmVerification(transaction, tenant, token)),
  });
}

function createEmailConfirmation({ accounts: { emailChange } }: AccountActionParts): AnyAction {
  return defineAction({
    ...{ name: "account.confirm-email", entrances: ["http"], effects: "store", authorise: "public" },
    input: z.object({ token: Token }),
    idempotency: false,
    limits: tries("account.confirm-email", 60),
    audit: {
      event: identityEvents.account_email_changed,
      target: (_input, { account }: { readonly account: string }) => account,
    },
    run: async ({ input: { token }, attempt: { tenant }, transaction }) =>
      idOf(await emailChange.confirm(transaction, tenant, token)),
  });
}

function createReset({ accounts: { recovery, devices } }: AccountActionParts): AnyAction {
  return defineAction({
    ...{ name: "account.reset", entrances: ["http"], effects: "store", authorise: "public" },
    input: z.object({ token: Token, password: NewPassword }),
    idempotency: false,
    limits: tries("account.reset", 60),
    audit: {
      event: identityEvents.authn_password_change,
      target: (_input, { account }: PasswordReset) => account,
      context: () => ({ by: "link" }),
    },
    prepare: ({ input, attempt: { tenant }, read }) => recovery.prepareReset({ ...input, tenant, read }),
    run: async ({ prepared, transaction }) => {
      const account = await recovery.commitReset(transaction, prepared);
      return isDenial(account) ? account : { account: account.id, mark: devices.mark(account) };
    },
  });
}

function idOf(account: AccountKey | Denial): { readonly account: string } | Denial {
  return isDenial(account) ? account : { account: account.id };
}
