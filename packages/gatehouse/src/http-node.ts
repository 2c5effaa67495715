export { createNodeAdapter } from "./http/adapters/node.ts";
export type { NodeAdapter, NodeListener } from "./http/adapters/node.ts";
export { BodyConsumedError } from "./http/adapters/node-bridge.ts";
