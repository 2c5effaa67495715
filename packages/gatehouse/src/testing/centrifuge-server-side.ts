import type { MountedRealtime } from "../assembly/realtime/mounted-realtime.ts";
import type { ConfigInput } from "../kernel/config.ts";
import { systemClock } from "../kernel/clock.ts";

/** What a server does by itself in the cases of the protocol's client; their `ServerSide`. */
export function serverSide({ connections }: MountedRealtime) {
  const whoever = (id: string) => ({ tenant: "default", principal: { type: "user", id, tenant: "default" } }) as const;
  return {
    unsubscribe: async (user: string, channel: string) => void connections.unsubscribe(whoever(user), channel),
    disconnect: async (user: string, code?: number) =>
      void connections.disconnect(whoever(user), code === undefined ? undefined : { code, reason: "test" }),
    token: async (user: string, lifetime: number) => `user-${user}~${systemClock.now() + lifetime}`,
  };
}

/** With what a site is started for the cases. */
export const CENTRIFUGE_SETTINGS: ConfigInput = {
  realtime: { lines: { opening: 10_000 }, connection: { expiryGrace: "3s" } },
};
