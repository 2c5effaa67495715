import { defineAction, type AnyAction } from "../../kernel/action.ts";
import { isDenial } from "../../kernel/outcome.ts";
import { limitsOf, type CheckoutParts } from "./checkout-parts.ts";
import { begin, leaseLoss, openHeld, proofOf } from "./holding.ts";
import { HeartbeatInput } from "./inputs.ts";

const SECOND = 1000;

/**
 * Says that somebody is still at an item, and how far. A beat that comes twice is a second beat; the lease keeps the newest
 * one, and the trail those alone that were refused.
 */
export function heartbeatAction(parts: CheckoutParts): AnyAction {
  const { rules, entrances, leases, orders, types } = parts;
  const durations = Object.fromEntries(types.all().map((type) => [type.type, limitsOf(parts, type).lease]));
  return defineAction({
    ...{ name: "work.heartbeat", entrances, input: HeartbeatInput, effects: "store", limits: rules.limits },
    authorise: rules.permit("work:execute", "work.heartbeat"),
    isolation: "read committed",
    idempotency: false,
    audit: false,
    async run(context) {
      const { attempt, input, transaction } = context;
      if (input.progress !== undefined) {
        const item = await orders.item(transaction, { tenant: attempt.tenant, id: input.item });
        if (item?.state === "leased") {
          const opened = await openHeld(parts, context);
          if (isDenial(opened)) return opened;
          await begin(parts, context, opened);
        }
      }
      const progress = input.progress === undefined ? {} : { progress: JSON.stringify(input.progress) };
      const lease = await leases.renew(transaction, proofOf(context, input), { durations, ...progress });
      if (typeof lease === "string") return leaseLoss(lease);
      const type = types.find(lease.type);
      // What was renewed is rolled back with the refusal.
      if (type === undefined) return leaseLoss("lost");
      return {
        ...{
          item: lease.item,
          epoch: lease.epoch,
          lease_expires_at: lease.until,
          cancel_requested: lease.cancelRequested,
        },
        ...{
          server_time: await transaction.now(),
          heartbeat_every_seconds: Math.ceil(limitsOf(parts, type).beat / SECOND),
        },
      };
    },
  });
}
