import { defineAction, deny, problems, type AnyAction } from "gatehouse/kernel";
import type { LinkTargets, Services } from "gatehouse";
import { z } from "zod";

const DAY = 86_400_000;

/** The purpose of one-time links for guests. */
export const GUEST = "guest";

/** Where guests' one-time links lead. */
export function guestLinkTargets(tenant: string): LinkTargets {
  const grant = { principalType: "guest", principalId: "guest", grants: [] } as const;
  return { [GUEST]: { path: "/join/", tenant, grant, lifetime: DAY } };
}

/**
 * Lets a guest in who holds a one-time link. Everybody who joins is somebody of their own: limits and bans of one
 * guest do not reach the others.
 */
export function createJoin({ oneTimeLinks, ids }: Pick<Services, "oneTimeLinks" | "ids">): AnyAction {
  return defineAction({
    name: "guest.join",
    entrances: ["http"],
    input: z.object({ token: z.string().max(100) }),
    effects: "store",
    idempotency: false,
    authorise: "public",
    limits: [
      {
        name: "guest.join",
        by: ["ip"],
        rule: { kind: "window", limit: 20, window: 60_000 },
      },
    ],
    run: async ({ input: { token }, attempt, transaction }) => {
      const guest = await oneTimeLinks.enter(
        { attempt, transaction },
        { token, purpose: GUEST, identify: ({ grants }) => ({ type: "guest", id: ids.next(), grants }) },
      );
      if (guest === undefined) {
        return deny(problems.NOT_FOUND, {
          detail: "This link was used already or has expired. Ask the hosts for another.",
        });
      }
      return { joined: true };
    },
  });
}
