import type { WriteTransaction } from "../../../../kernel/ports/store.ts";
import type { NoticeKind } from "../../../accounts/letters.ts";
import type { Owner } from "./owner.ts";
import type { SelfServiceParts } from "./parts.ts";

/** Writes to the owner, at every address of theirs. */
export async function notify(
  { accounts: { directory, letters } }: Pick<SelfServiceParts, "accounts">,
  writing: WriteTransaction,
  { owner: { account }, kind }: { readonly owner: Pick<Owner, "account">; readonly kind: NoticeKind },
): Promise<void> {
  for (const { email } of await directory.emails(writing, account)) {
    letters.post(writing, { kind, to: email, locale: account.locale });
  }
}
