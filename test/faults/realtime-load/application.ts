import { defineApplication, defineConfig } from "gatehouse";
import { deny, problems } from "gatehouse/kernel";
import { actor } from "gatehouse/realtime";
import { z } from "zod";

const ANY_NUMBER = 1_000_000_000;
const unlimited = { kind: "bucket", limit: ANY_NUMBER, window: 1000, burst: ANY_NUMBER } as const;
const isUser = ({ principal }: { readonly principal: { readonly type: string } }): boolean => principal.type === "user";

/** A room whose events are numbered: whoever misses one, or hears one twice, knows. */
const room = actor("room", {
  key: ["name"],
  maxConnections: ANY_NUMBER,
  state: z.object({ said: z.number() }),
  initial: () => ({ said: 0 }),
  channels: { default: { canSubscribe: isUser } },
  events: { said: { schema: z.object({ number: z.number(), at: z.number(), pad: z.string() }) } },
  limits: [{ name: "sayings", by: ["connection"], rule: unlimited }],
  commands: {
    say: {
      input: z.object({ at: z.number(), bytes: z.number().max(100_000) }),
      policy: isUser,
      handler: ({ state, input: { at, bytes }, emit }) => {
        state.said += 1;
        emit("said", { number: state.said, at, pad: "x".repeat(bytes) });
        return { number: state.said };
      },
    },
  },
});

/** Rooms for whoever has a name. */
export const application = defineApplication({
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

// Everybody is at one address here, and comes back at once.
export default defineConfig({
  profile: "development",
  console: { enabled: false },
  identity: { enabled: false },
  limits: { trustedCidrs: ["127.0.0.0/8"], perIp: { limit: ANY_NUMBER, window: "1m" } },
  realtime: {
    connection: { commands: ANY_NUMBER, commandBurst: ANY_NUMBER },
    lines: { perAddress: ANY_NUMBER, perNode: ANY_NUMBER, opening: ANY_NUMBER },
  },
});
