export { defineAction } from "./kernel/action.ts";
export type * from "./kernel/action.ts";
export { ENTRANCES } from "./kernel/attempt.ts";
