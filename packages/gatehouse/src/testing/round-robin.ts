import { once } from "node:events";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";

/** A request that went by, and the server it went to. */
export interface PassedRequest {
  readonly path: string;
  readonly target: number;
}

/** A proxy before several servers, each of which gets the next request. */
export interface RoundRobin extends AsyncDisposable {
  readonly origin: string;
  /** What went by, in order. */
  readonly passed: readonly PassedRequest[];
}

/** Starts a proxy that knows nothing of who has been where. */
export async function startRoundRobin(targets: readonly string[]): Promise<RoundRobin> {
  const passed: PassedRequest[] = [];
  const server = createServer((incoming, outgoing) => {
    const target = passed.length % targets.length;
    const { method = "GET", url = "/", headers } = incoming;
    passed.push({ path: url.split("?")[0] ?? "", target });
    const forwarded = request(new URL(url, targets[target]), { method, headers, agent: false }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      outgoing.flushHeaders();
      answer.pipe(outgoing);
      answer.once("error", () => outgoing.destroy());
    });
    forwarded.once("error", () => outgoing.destroy());
    outgoing.once("close", () => forwarded.destroy());
    incoming.pipe(forwarded);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  // A server that listens on a port has this kind of address.
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    passed,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
