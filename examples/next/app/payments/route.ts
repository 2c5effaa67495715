import type { NextRouteHandler } from "gatehouse/http/next";
import { guarded } from "../../lib/gatehouse.ts";
import { pay } from "../../../payments.ts";

/** The guarded action. */
export const POST: NextRouteHandler = async (request, context) => (await guarded()).action(pay)(request, context);
