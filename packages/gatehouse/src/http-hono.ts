export { createHonoAdapter } from "./http/adapters/hono.ts";
export type { HonoAdapter } from "./http/adapters/hono.ts";
