import type { EdgeHandler } from "../http/edge.ts";

/** Whom a request is made for. */
export interface BackChannelPeer {
  readonly ip: string;
}

/**
 * A way for programs in the server's process to ask the server itself, as a relying party asks its issuer. Requests take
 * the same way through the gate as all others, without a connection.
 */
export interface BackChannel {
  /**
   * A `fetch` that reaches this server and no other, and follows no redirects. Limits and bans are those of the visitor
   * it is for; without one, those of this machine.
   */
  fetchFor(peer?: BackChannelPeer): typeof globalThis.fetch;
}

const THIS_MACHINE: BackChannelPeer = { ip: "127.0.0.1" };

/** The back channel of a server whose handler is built later. */
export function createBackChannel(handler: () => EdgeHandler): BackChannel {
  return {
    fetchFor({ ip } = THIS_MACHINE) {
      return async (input, init) => {
        const request = new Request(input, init);
        request.signal.throwIfAborted();
        return handler()(request, { address: ip, encrypted: request.url.startsWith("https:") });
      };
    },
  };
}
