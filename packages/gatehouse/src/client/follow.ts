import { componentById, componentsBy } from "./component.ts";
import { refresh } from "./loader.ts";
import type { Core } from "./push-state.ts";
import { currentToken, refreshToken } from "./token.ts";
import { fraction } from "./transport.ts";

/** Where the part of the runtime is that hears of news; the build puts it here. */
declare const PUSH_PATH: string;

const core: Core = { componentById, componentsBy, currentToken, fraction, refresh, refreshToken };
let loading = false;

/** Loads what hears of news, once there is a component on the page that wants them. */
export function follow(): void {
  if (loading || componentsBy("[data-live-topics]").length === 0) return;
  loading = true;
  // The build makes this module from push.ts.
  (import(PUSH_PATH) as Promise<typeof import("./push.ts")>).then(
    ({ start }) => start(core),
    () => {
      loading = false;
    },
  );
}
