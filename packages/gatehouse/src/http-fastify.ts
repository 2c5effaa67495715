export { createFastifyAdapter } from "./http/adapters/fastify.ts";
export type {
  FastifyAdapter,
  FastifyHandler,
  FastifyReplyLike,
  FastifyRequestLike,
  FastifyScopeLike,
} from "./http/adapters/fastify.ts";
export { BodyConsumedError } from "./http/adapters/node-bridge.ts";
