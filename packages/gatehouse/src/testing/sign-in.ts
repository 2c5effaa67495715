import { z } from "zod";
import type { EdgeSessions } from "../http/edge-sessions.ts";
import { defineAction, type AnyAction } from "../kernel/action.ts";

/** Where a test's visitor signs in. */
export const SIGN_IN_PATH = "/testing/sign-in";

const Identity = z.strictObject({
  type: z.enum(["user", "guest"]),
  id: z.string(),
  grants: z.array(z.string()).default([]),
});

/** Who a test's visitor is to be. */
export type TestIdentity = z.input<typeof Identity>;

/** Signs in whoever says who they are: through the guards and the sessions of a server, without asking for a proof. */
export function signInAction(sessions: EdgeSessions): AnyAction {
  return defineAction({
    name: "testing.sign-in",
    entrances: ["http"],
    input: Identity,
    effects: "store",
    authorise: "public",
    limits: [{ name: "testing.sign-in", by: ["session"], rule: { kind: "window", limit: 1000, window: 60_000 } }],
    run: async (context) => void (await sessions.login(context, context.input)),
  });
}
