import type { Hono } from "hono";
import { z } from "zod";
import type { EdgeSessions } from "../http/edge-sessions.ts";
import type { OneTimeLinks } from "../http/one-time-links.ts";
import { defineAction, type AnyAction } from "../kernel/action.ts";
import type { Principal } from "../kernel/attempt.ts";
import { deny } from "../kernel/outcome.ts";
import { problems } from "../kernel/problems.ts";
import { operatorEvents } from "./events.ts";

/** The purpose of one-time links into the console. */
export const CONSOLE = "console";

/** How operators sign in with an account of theirs. */
export interface ConsoleSignIn {
  readonly actions: readonly AnyAction[];
  readonly routes: Hono;
  readonly paths: { readonly signOut: string };
  /** The address that begins to sign in, and leads back to a path. */
  startAt(returnTo: string): string;
  /** What somebody with an account is called. */
  nameOf(principal: Principal, tenant: string): Promise<string | undefined>;
}

interface Parts {
  readonly links: OneTimeLinks;
  readonly sessions: EdgeSessions;
}

const MINUTE = 60_000;

/** Entering the console with a one-time link. */
export function createEnter({ links }: Pick<Parts, "links">): AnyAction {
  return defineAction({
    name: "console.enter",
    entrances: ["http"],
    input: z.object({ token: z.string().max(100) }),
    effects: "store",
    idempotency: false,
    authorise: "public",
    limits: [{ name: "console.enter", by: ["ip"], rule: { kind: "window", limit: 10, window: MINUTE } }],
    audit: {
      event: operatorEvents.operator_signed_in,
      target: (_input, { operator }: { operator: string }) => operator,
    },
    run: async ({ input: { token }, attempt, transaction }) => {
      const operator = await links.enter({ attempt, transaction }, { token, purpose: CONSOLE });
      if (operator === undefined) {
        const detail =
          "This link was used already or has expired. Make a new link with the gatehouse command: gatehouse link console --data DIR";
        return deny(problems.CREDENTIAL_INVALID, { detail });
      }
      return { operator: operator.id };
    },
  });
}

/** Leaving the console. */
export function createLeave({ sessions }: Pick<Parts, "sessions">): AnyAction {
  return defineAction({
    name: "console.leave",
    entrances: ["http"],
    input: z.object({}),
    effects: "store",
    idempotency: false,
    authorise: "public",
    audit: { event: operatorEvents.operator_signed_out },
    run: async ({ attempt, transaction }) => {
      await sessions.logout({ attempt, transaction });
      return { signedOut: true };
    },
  });
}
