import { defineApplication, type Application } from "gatehouse";
import { deny, problems, type ConfigInput } from "gatehouse/kernel";
import { actor } from "gatehouse/realtime";
import * as z from "zod";
import { production } from "../support/guarded-server.ts";
import { ORIGIN } from "./origin.ts";

const ANY_NUMBER = 1_000_000_000;
const unlimited = { kind: "bucket", limit: ANY_NUMBER, window: 1000, burst: ANY_NUMBER } as const;

const room = actor("room", {
  key: ["name"],
  maxConnections: ANY_NUMBER,
  state: z.object({}),
  initial: () => ({}),
  channels: { default: { canSubscribe: ({ principal }) => principal.type === "user" } },
  events: {
    wave: { schema: z.object({ by: z.string(), x: z.number(), y: z.number() }), volatile: true },
  },
  commands: {},
  signals: {
    wave: {
      input: z.object({ by: z.string().max(64), x: z.number(), y: z.number() }),
      policy: ({ principal }) => principal.type === "user",
      limits: [{ name: "waves", by: ["connection"], rule: unlimited }],
      handler: ({ emit, input }) => emit("wave", input),
    },
  },
});

/** A room for everybody who has signed in. */
export const application: Application = defineApplication({
  open: () => ({
    authenticators: {
      bearer: {
        kind: "bearer",
        authenticate: async ({ token }, { tenant }) => {
          const [, id] = /^user-([a-z0-9]+)$/.exec(token) ?? [];
          if (id === undefined) return deny(problems.CREDENTIAL_INVALID);
          return { type: "user", id, tenant, grants: new Set<string>(), session: token };
        },
      },
    },
    realtime: { actors: [room] },
  }),
});

/** Every bound is on, and out of the way. */
export function settings(dataDirectory: string): ConfigInput {
  return {
    ...production(ORIGIN, dataDirectory),
    identity: { enabled: false },
    realtime: {
      drainSpread: "1ms",
      connection: { commands: ANY_NUMBER, commandBurst: ANY_NUMBER, bytes: "1GiB" },
      lines: { perAddress: ANY_NUMBER, perNode: ANY_NUMBER, opening: ANY_NUMBER },
    },
  };
}
