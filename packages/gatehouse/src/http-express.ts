export { createExpressAdapter, keepRawBody } from "./http/adapters/express.ts";
export type { ExpressAdapter, ExpressHandler, ExpressRequest } from "./http/adapters/express.ts";
export { BodyConsumedError } from "./http/adapters/node-bridge.ts";
