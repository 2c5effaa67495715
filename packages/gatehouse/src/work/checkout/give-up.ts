import { defineAction, type AnyAction } from "../../kernel/action.ts";
import { isDenial } from "../../kernel/outcome.ts";
import type { Random } from "../../kernel/random.ts";
import type { CheckoutParts } from "./checkout-parts.ts";
import { checkoutEvents } from "./events.ts";
import { holderEvent, openHeld, openStopped } from "./holding.ts";
import { FailInput, ReleaseInput } from "./inputs.ts";

/** Twice as long with each attempt, and never longer than a day. */
const LONGEST_RETRY = 86_400_000;

/** Hands an item back as it was: the attempt does not count. */
export function releaseAction(parts: CheckoutParts): AnyAction {
  const { rules, entrances, leases } = parts;
  return defineAction({
    ...{ name: "work.release", entrances, input: ReleaseInput, effects: "store", limits: rules.limits },
    authorise: rules.permit("work:execute", "work.release"),
    isolation: "read committed",
    audit: { event: checkoutEvents.work_released, target: ({ item }) => item, context: ({ epoch }) => ({ epoch }) },
    async run(context) {
      const { input, transaction } = context;
      const opened = await openStopped(parts, context);
      if (isDenial(opened)) return opened;
      const payload = input.reason === undefined ? {} : { payload: { reason: input.reason } };
      const event = holderEvent(context, opened, { kind: "released", plain: { epoch: input.epoch }, ...payload });
      const runAt = await transaction.now();
      const state = await leases.giveUp(transaction, opened.held, { runAt, uncounted: true, event });
      return { item: input.item, state };
    },
  });
}

/** Says that an item could not be done. It is tried again later, by whoever comes, until its attempts are used up. */
export function failAction(parts: CheckoutParts): AnyAction {
  const { rules, entrances, leases, limits, random } = parts;
  return defineAction({
    ...{ name: "work.fail", entrances, input: FailInput, effects: "store", limits: rules.limits },
    authorise: rules.permit("work:execute", "work.fail"),
    isolation: "read committed",
    audit: {
      event: checkoutEvents.work_failed,
      target: ({ item }) => item,
      context: ({ epoch, retry, errors }, { state }: { readonly state: string }) => ({
        ...{ epoch, state, retry, codes: errors.map(({ code }) => code).join(" ") },
      }),
    },
    async run(context) {
      const { input, transaction } = context;
      const opened = await openHeld(parts, context);
      if (isDenial(opened)) return opened;
      const { held, payloads } = opened;
      const plain = { epoch: input.epoch, retry: input.retry };
      const event = holderEvent(context, opened, { kind: "failed", plain, payload: { errors: input.errors } });
      const runAt = (await transaction.now()) + retryAfter(limits, { attempt: held.item.attempt, random });
      const errors = payloads.seal(["errors"], JSON.stringify(input.errors));
      const state = await leases.giveUp(transaction, held, { runAt, errors, final: !input.retry, event });
      return { item: input.item, state, ...(state === "queued" ? { retry_at: runAt } : {}) };
    },
  });
}

function retryAfter(
  { retry, retryJitter }: CheckoutParts["limits"],
  { attempt, random }: { readonly attempt: number; readonly random: Random },
): number {
  const [low = 0, high = 0] = random.bytes(2);
  const jitter = Math.floor(((low + high * 256) / 65_536) * retryJitter);
  return Math.min(LONGEST_RETRY, retry * 2 ** (attempt - 1)) + jitter;
}
