import type { Edge } from "../../http/edge.ts";
import type { Inbound } from "../../http/inbound.ts";
import { isDenial, type Success } from "../../kernel/outcome.ts";
import type { Follower } from "./follower.ts";
import type { Push } from "./push.ts";
import { STREAM, type StreamCall } from "./stream-action.ts";
import { readStreamRequest } from "./stream-wire.ts";

/** Where the stream of stale components is asked for. */
export const STREAM_PATH = "/api/livecomponents/stream";

const HEADERS = {
  "content-type": "text/event-stream",
  // Whoever compressed it, or waited for its end, would hold back what is news now.
  "cache-control": "no-store, no-transform",
  "x-accel-buffering": "no",
};

/** What streams are opened with. */
export interface StreamRouteParts {
  readonly edge: Edge;
  readonly push: Pick<Push, "bodyOf">;
}

/** Answers a request for a stream. `cut` closes the connection of a reader that takes nothing. */
export async function openStream(
  { edge, push }: StreamRouteParts,
  inbound: Inbound,
  cut: (() => void) | undefined,
): Promise<Response> {
  const outcome = await edge.receive(inbound, {
    action: STREAM,
    entrance: "live",
    passive: true,
    read: async () => {
      const body = await inbound.body();
      const request = isDenial(body) ? body : readStreamRequest(body);
      if (isDenial(request)) return request;
      const value: StreamCall = { components: request.components, lastEventId: request.lastEventId };
      return { value, csrfToken: request.csrfToken, idempotencyKey: undefined };
    },
  });
  if (!outcome.ok) return edge.problem(inbound, outcome);
  // What succeeds under this name is the follower that its action has begun.
  const { value: follower } = outcome as Success<Follower>;
  return new Response(push.bodyOf(follower, cut), { headers: HEADERS });
}
