import type { AnyAction } from "../../kernel/action.ts";
import type { CheckoutParts } from "./checkout-parts.ts";
import { checkoutAction } from "./checkout.ts";
import { finalizeAction } from "./finalize.ts";
import { failAction, releaseAction } from "./give-up.ts";
import { heartbeatAction } from "./heartbeat.ts";
import { listPartsAction, submitPartAction } from "./submit-part.ts";
import { submitAction } from "./submit.ts";

/** What agents do: take items, say that they are at them, and hand in results. The same over REST, MCP and the command line. */
export function createCheckoutActions(parts: CheckoutParts): readonly AnyAction[] {
  return [
    checkoutAction(parts),
    heartbeatAction(parts),
    submitAction(parts),
    submitPartAction(parts),
    listPartsAction(parts),
    finalizeAction(parts),
    releaseAction(parts),
    failAction(parts),
  ];
}
