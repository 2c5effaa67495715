import { once } from "node:events";
import { Agent, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** What is sent. */
export interface WireRequest {
  readonly method: "GET" | "POST";
  readonly path: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** What comes back. */
export interface WireResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** A way of sending requests to a server, over a socket or into a fetch handler. */
export interface Wire extends AsyncDisposable {
  /** The port in the addresses that are asked for. */
  readonly port: number;
  send(request: WireRequest): Promise<WireResponse>;
}

/** A wire over loopback to a server that listens, which it closes. */
export function socketWire(port: number, close: () => Promise<unknown>): Wire {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  return {
    port,
    send: (sent) => sendOverSocket(sent, port, agent),
    async [Symbol.asyncDispose]() {
      agent.destroy();
      await close();
    },
  };
}

/** A wire to a Node server on a free port. */
export async function serverWire(server: Server): Promise<Wire> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  // A server that listens on a port has this kind of address.
  const { port } = server.address() as AddressInfo;
  return socketWire(port, async () => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  });
}

/** A wire into a function from requests to responses. */
export function fetchWire(answer: (request: Request) => Promise<Response>): Wire {
  const port = 3000;
  return {
    port,
    async send({ path, body, method, headers }) {
      const url = `http://${headers["host"] ?? `localhost:${port}`}${path}`;
      const response = await answer(new Request(url, { method, headers, ...(body === undefined ? {} : { body }) }));
      return { status: response.status, headers: response.headers, text: await response.text() };
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

function sendOverSocket(
  { method, path, headers, body }: WireRequest,
  port: number,
  agent: Agent,
): Promise<WireResponse> {
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) };
    const all = { ...headers, ...length };
    const outgoing = request({ host: "127.0.0.1", port, method, path, headers: all, agent }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
      incoming.on("error", reject);
      incoming.on("end", () => {
        const fields = new Headers();
        for (const [name, values = []] of Object.entries(incoming.headersDistinct)) {
          for (const value of values) fields.append(name, value);
        }
        resolve({ status: incoming.statusCode ?? 0, headers: fields, text: Buffer.concat(chunks).toString("utf8") });
      });
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}
