import type { Hono } from "hono";
import { accountRoutes } from "./identity/account-routes.ts";
import { grantRoutes } from "./identity/grant-routes.ts";
import { clientRoutes } from "./identity/client-routes.ts";
import { signingKeyRoutes } from "./identity/signing-key-routes.ts";
import { joinTokenRoutes } from "./guests/join-token-routes.ts";
import { mediaRoutes } from "./media/media-routes.ts";
import { monitorRoutes } from "./monitor-routes.ts";
import { storageRoutes } from "./media/storage-routes.ts";
import { realtimeRoutes } from "./realtime/routes.ts";
import { emergencyRoutes } from "./threat/emergency-routes.ts";
import { playbookRoutes } from "./threat/playbook-routes.ts";
import { workRoutes } from "./work/routes.ts";
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
