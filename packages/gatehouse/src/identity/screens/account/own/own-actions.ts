import type { AnyAction } from "../../../../kernel/action.ts";
import { createEmailChanges, type EmailChanges } from "./email-changes.ts";
import { createFactorChanges, type FactorChanges } from "./factor-changes.ts";
import { createLook } from "./look.ts";
import type { SelfServiceParts } from "./parts.ts";
import { createPasswordChange } from "./password-change.ts";
import { createSessionChanges, type SessionChanges } from "./session-changes.ts";

/** All that can be attempted at the pages of one's own account. */
export interface OwnActions extends FactorChanges, SessionChanges, EmailChanges {
  readonly look: AnyAction;
  readonly changePassword: AnyAction;
}

/** All that can be attempted at the pages of one's own account. */
export function createOwnActions(parts: SelfServiceParts): OwnActions {
  return {
    look: createLook(parts),
    changePassword: createPasswordChange(parts),
    ...createFactorChanges(parts),
    ...createSessionChanges(parts),
    ...createEmailChanges(parts),
  };
}
