import { readFileSync } from "node:fs";
import type { Hono } from "hono";
import type { Edge } from "../http/edge.ts";
import type { OneTimeLinks } from "../http/one-time-links.ts";
import { createStaticFiles } from "../http/static-files.ts";
import type { AnyAction } from "../kernel/action.ts";
import type { Ids } from "../kernel/ids.ts";
import type { Bans } from "../kernel/ports/bans.ts";
import type { AnyLiveComponent } from "../live/component.ts";
import type { Live } from "../live/live.ts";
import { createBanList } from "./threat/ban-list.ts";
import { consoleRoutes } from "./routes.ts";
import { createEnter, createLeave, type ConsoleSignIn } from "./sign-in.ts";

/** What the console works with. Everything it shows and does goes through actions at the gate. */
export interface ConsoleParts {
  readonly edge: Edge;
  readonly bans: Bans;
  readonly links: OneTimeLinks;
  readonly ids: Ids;
  /** Whether there is an action: without an identity provider there are none for what it keeps. */
  readonly isOffered: (action: string) => boolean;
  /** How operators sign in with an account. Absent: with one-time links alone. */
  readonly signIn?: ConsoleSignIn;
}

/** The operator console. */
export interface OperatorConsole {
  readonly actions: readonly AnyAction[];
  readonly components: readonly AnyLiveComponent[];
  readonly routes: (live: Live) => Hono;
}

const ASSETS = {
  "console.css": new URL("assets/console.css", import.meta.url),
  "icon.svg": new URL("assets/icon.svg", import.meta.url),
  "desk.js": new URL("../../dist/client/desk.js", import.meta.url),
} as const;

/** The operator console. Its pages need the actions of `createOperations` at the same gate. */
export function createConsole({ edge, bans, links, ids, isOffered, signIn }: ConsoleParts): OperatorConsole {
  const enter = createEnter({ links });
  const leave = createLeave({ sessions: edge.sessions });
  const banList = createBanList({ bans });
  const assets = createStaticFiles(readAssets(), "/console/assets/");
  return {
    actions: [enter, leave, ...(signIn?.actions ?? [])],
    components: [banList],
    routes: (live) => consoleRoutes({ edge, links, ids, live, assets, enter, leave, banList, isOffered, signIn }),
  };
}

function readAssets(): Map<string, Uint8Array> {
  return new Map(Object.entries(ASSETS).map(([name, address]) => [name, readFileSync(address)]));
}
