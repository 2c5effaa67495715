import { z } from "zod";
import { defineAction, type AnyAction } from "../../../../kernel/action.ts";
import { isDenial } from "../../../../kernel/outcome.ts";
import type { ReadTransaction } from "../../../../kernel/ports/store.ts";
import type { AccountEmail } from "../../../accounts/directory.ts";
import type { Passkey } from "../../../accounts/passkeys.ts";
import type { Grant } from "../../../grants/grants.ts";
import type { ApplicationSession } from "./application-sessions.ts";
import { ownLimits } from "./own-action.ts";
import { findOwner, type Owner } from "./owner.ts";
import type { SelfServiceParts } from "./parts.ts";
import { OWN_PAGES, type OwnPage } from "./paths.ts";
import type { SignOn } from "./sign-ons.ts";

/** Everything these pages show of an account. */
export interface OwnView {
  readonly owner: Owner;
  readonly emails: readonly AccountEmail[];
  readonly passkeys: readonly Passkey[];
  /** Epoch milliseconds since when there is an authenticator app; `undefined` where there is none. */
  readonly totpSince: number | undefined;
  readonly codesLeft: number;
  readonly mustHaveTwo: boolean;
  readonly signOns: readonly SignOn[];
  readonly sessions: readonly ApplicationSession[];
  readonly grants: readonly Grant[];
}

const Input = z.object({ session: z.string().max(100), page: z.enum(OWN_PAGES) });

/** Pages whose forms need a recent proof: it is asked for before somebody fills them in. */
const RECENT_PAGES: ReadonlySet<OwnPage> = new Set(["password", "factors", "email"]);

/** Looks at one's own account. */
export function createLook(parts: SelfServiceParts): AnyAction {
  return defineAction({
    ...{ name: "account.look", entrances: ["http"], input: Input, effects: "none", anonymous: true },
    limits: ownLimits("account.look", 600),
    authorise: async ({ input: { session, page }, attempt: { tenant }, read }) => {
      const question = { tenant, session, recent: RECENT_PAGES.has(page) };
      const owner = await read((reading) => findOwner(parts, reading, question));
      return isDenial(owner) ? owner : true;
    },
    run: async ({ input: { session }, attempt: { tenant }, transaction }) => {
      const owner = await findOwner(parts, transaction, { tenant, session, recent: false });
      return isDenial(owner) ? owner : viewOf(parts, transaction, owner);
    },
  });
}

async function viewOf(parts: SelfServiceParts, reading: ReadTransaction, owner: Owner): Promise<OwnView> {
  const { account } = owner;
  const { tenant, id } = account;
  const { directory, passkeys, recoveryCodes } = parts.accounts;
  const [totp] = await parts.factors.list(reading, { tenant, account: id, kind: "totp" });
  return {
    owner,
    emails: await directory.emails(reading, account),
    passkeys: await passkeys.list(reading, account),
    totpSince: totp?.createdAt,
    codesLeft: await recoveryCodes.remaining(reading, account),
    mustHaveTwo: parts.mustHaveTwo(account),
    signOns: await parts.signOns.list(reading, account),
    sessions: await parts.applications.list(reading, account),
    grants: (await parts.grants.ownedBy(reading, account)).filter(({ client }) => client !== parts.ownClient),
  };
}
