export { createNextAdapter } from "./http/adapters/next.ts";
export type { NextAdapter, NextOptions, NextRouteHandler } from "./http/adapters/next.ts";
