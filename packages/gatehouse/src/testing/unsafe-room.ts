/** An application whose author has thought of nothing, under the suite that is to find that out. A program for `node --test`. */
import { z } from "zod";
import { actor } from "../realtime/actor/actor.ts";
import { startRealtimeSite } from "./realtime-site.ts";
import { describeRoomSecurity } from "./room-security.ts";

const anything = z.unknown();
const chat = actor("chat", {
  key: ["name"],
  state: z.object({}),
  initial: () => ({}),
  anonymous: true,
  channels: { default: { canSubscribe: () => true }, "admin-only": { canSubscribe: () => true } },
  limits: [{ name: "chat", by: ["connection"], rule: { kind: "window", limit: 1_000_000, window: 1_000 } }],
  commands: {
    say: { input: anything, policy: "public", handler: () => ({}) },
    clear: { input: anything, policy: "public", handler: () => ({}) },
  },
});

describeRoomSecurity("an unsafe room", {
  start: () =>
    startRealtimeSite({
      actors: [chat],
      realtime: { authorise: "public", anonymous: true, expiryOf: () => undefined },
      settings: {
        server: { trustedProxies: ["127.0.0.1/32"] },
        csrf: { trustedOrigins: ["https://evil.example"] },
        realtime: { connection: { commands: 100_000, commandBurst: 100_000 } },
      },
      application: {
        open: () => ({
          authenticators: {
            bearer: {
              kind: "bearer",
              authenticate: async ({ token }, { tenant }) => ({
                ...{ type: "user", id: token.slice(0, 40), tenant, grants: new Set<string>() },
              }),
            },
          },
        }),
      },
    }),
  actor: { type: "chat", key: ["lobby"] },
  token: (member) => `member-${member}`,
  expiredToken: () => "member-0",
  command: { name: "say", input: { text: "hello" } },
  forbidden: { channels: ["admin-only"], commands: [{ name: "clear", input: {} }] },
});
