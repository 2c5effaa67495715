import type { Hono } from "hono";
import { accountRoutes } from "./account-routes.ts";
import { grantRoutes } from "./grant-routes.ts";
import { clientRoutes } from "./client-routes.ts";
import { signingKeyRoutes } from "./signing-key-routes.ts";
import { joinTokenRoutes } from "./join-token-routes.ts";
import { mediaRoutes } from "./media-routes.ts";
import { monitorRoutes } from "./monitor-routes.ts";
import { storageRoutes } from "./storage-routes.ts";
import { realtimeRoutes } from "./realtime-routes.ts";
import { emergencyRoutes } from "./emergency-routes.ts";
import { playbookRoutes } from "./playbook-routes.ts";
import { workRoutes } from "./work-routes.ts";
import type { PageParts } from "./page-parts.ts";

/** The pages that have a file of their own, each with its forms. */
export const ROOMS: readonly ((desk: PageParts) => Hono)[] = [
  accountRoutes,
  grantRoutes,
  clientRoutes,
  signingKeyRoutes,
  joinTokenRoutes,
  mediaRoutes,
  storageRoutes,
  realtimeRoutes,
  emergencyRoutes,
  playbookRoutes,
  monitorRoutes,
  workRoutes,
];
