export { defineApplication } from "./assembly/application.ts";
export type { Application, ApplicationParts, Services } from "./assembly/application.ts";
export type { LinkTarget, LinkTargets } from "./console/link-operations.ts";
export { openGatehouse } from "./assembly/gatehouse.ts";
export type { Gatehouse, GatehouseOptions, RouteDescription } from "./assembly/gatehouse.ts";
export { defineConfig } from "./kernel/config.ts";
