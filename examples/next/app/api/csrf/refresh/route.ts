import type { NextRouteHandler } from "gatehouse/http/next";
import { gatehouse, guarded } from "../../../../lib/gatehouse.ts";

export const dynamic = "force-dynamic";

/** Routes of Gatehouse itself; this one hands out fresh CSRF tokens. */
export const GET: NextRouteHandler = async (request, context) =>
  (await guarded()).handler((await gatehouse()).handler)(request, context);
