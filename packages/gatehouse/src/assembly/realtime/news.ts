import type { Config } from "../../kernel/config.ts";
import { BootRefusedError } from "../../kernel/gate.ts";
import type { PushSource } from "../../kernel/ports/push-source.ts";
import type { PushOptions } from "../../live/push/options.ts";
import { NEWS } from "../../live/push/stream-action.ts";
import type { ApplicationParts } from "../application.ts";

/** How news of live components and connections to actors meet. */
export interface NewsOverRealtime {
  readonly sources: readonly PushSource[];
  readonly push: Pick<PushOptions, "connectionBytes">;
}

/**
 * Has connections take along news of live components, where `live.push` says so.
 * @throws {BootRefusedError} where there are no connections
 */
export function newsOverRealtime(
  { live, realtime }: Config,
  parts: Pick<ApplicationParts, "realtime">,
): NewsOverRealtime {
  if (live.push === "stream") return { sources: [], push: {} };
  if (parts.realtime === undefined)
    throw new BootRefusedError(["live.push: news cannot travel over realtime, since the application has none."]);
  // Half of a message is left to what else goes along when a connection comes back.
  return { sources: [NEWS], push: { connectionBytes: Math.floor(realtime.connection.largestFrame / 2) } };
}
