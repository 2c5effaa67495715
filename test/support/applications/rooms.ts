import { defineApplication, defineConfig } from "gatehouse";
import { deny, problems } from "gatehouse/kernel";
import { actor } from "gatehouse/realtime";
import { Hono } from "hono";
import { z } from "zod";

/** A room in which people talk. */
const room = actor("room", {
  key: ["name"],
  state: z.object({ said: z.number() }),
  initial: () => ({ said: 0 }),
  channels: { default: { canSubscribe: ({ principal }) => principal.type === "user" } },
  events: { said: { schema: z.object({ text: z.string(), by: z.string() }) } },
  commands: {
    say: {
      input: z.object({ text: z.string().max(200) }),
      policy: ({ principal }) => principal.type === "user",
      handler: ({ state, input, emit, principal }) => {
        state.said += 1;
        emit("said", { text: input.text, by: principal.id });
        return { number: state.said };
      },
    },
  },
});

/** What clients of the room know of it. */
export type Room = typeof room;

/** Rooms; bearers of `user-<name>` are that user. */
export const application = defineApplication({
  open: () => ({
    authenticators: {
      bearer: {
        kind: "bearer",
        authenticate: async ({ token }, { tenant }) => {
          const [, id] = /^user-([a-z0-9-]+)$/.exec(token) ?? [];
          if (id === undefined) return deny(problems.CREDENTIAL_INVALID);
          return { type: "user", id, tenant, grants: new Set(), session: token };
        },
      },
    },
    routes: () => new Hono().get("/", (context) => context.html("<!doctype html><title>Rooms</title>")),
    realtime: { actors: [room] },
  }),
});

export default defineConfig({
  profile: "development",
  identity: { enabled: false },
  server: { trustedProxies: ["127.0.0.1/32"] },
});
