import { defineAction, type AnyAction } from "../../kernel/action.ts";
import { isDenial } from "../../kernel/outcome.ts";
import { limitsOf, type CheckoutParts } from "./checkout-parts.ts";
import { checkoutEvents } from "./events.ts";
import { begin, isHolder, leaseLoss, openHeld, proofOf } from "./holding.ts";
import { HeartbeatInput } from "./inputs.ts";

const SECOND = 1000;

/** Says that somebody is still at an item, and how far. A beat that comes twice is a second beat. */
export function heartbeatAction(parts: CheckoutParts): AnyAction {
  const { rules, entrances, leases, orders, pauses, types } = parts;
  return defineAction({
    ...{ name: "work.heartbeat", entrances, input: HeartbeatInput, effects: "store", limits: rules.limits },
    authorise: rules.permit("work:execute", "work.heartbeat"),
    isolation: "read committed",
    idempotency: false,
    audit: { event: checkoutEvents.work_beat, target: ({ item }) => item, context: ({ epoch }) => ({ epoch }) },
    async run(context) {
      const { attempt, input, principal, transaction } = context;
      const item = await orders.item(transaction, { tenant: attempt.tenant, id: input.item });
      const type = item === undefined ? undefined : types.find(item.type);
      if (item === undefined || type === undefined) return leaseLoss("lost");
      if (input.progress !== undefined && item.state === "leased") {
        const opened = await openHeld(parts, context);
        if (isDenial(opened)) return opened;
        await begin(parts, context, opened);
      }
      const { lease: duration, beat } = limitsOf(parts, type);
      const progress = input.progress === undefined ? {} : { progress: JSON.stringify(input.progress) };
      const lease = await leases.renew(transaction, proofOf(context, input), { duration, ...progress });
      if (typeof lease === "string") return leaseLoss(lease);
      // What was renewed is rolled back with the refusal.
      if (!isHolder(lease, principal)) return leaseLoss("lost");
      const pause = await pauses.find(transaction, { tenant: item.tenant, type: item.type, agent: principal.id });
      return {
        ...{
          item: item.id,
          epoch: lease.epoch,
          lease_expires_at: lease.until,
          cancel_requested: lease.cancelRequested || pause !== undefined,
        },
        ...{ server_time: await transaction.now(), heartbeat_every_seconds: Math.ceil(beat / SECOND) },
      };
    },
  });
}
