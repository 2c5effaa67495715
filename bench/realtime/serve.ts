/**
 * One of the servers that are measured, in a process of its own:
 *
 * - `ws`: sends to each socket what any of them sends, as the documentation of ws shows it.
 * - `socketio`: the same with Socket.IO, without its fallback to HTTP.
 * - `gatehouse`: an actor whose signal emits a volatile event, every guard on.
 *
 * None compresses. Each loads only what it needs, so that their memory can be compared.
 */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { answerParent, type Running } from "../support/served.ts";

const [variant = ""] = process.argv.slice(2);

async function listening(server: Server): Promise<Running> {
  server.listen({ port: 0, host: "127.0.0.1", backlog: 4096 });
  await once(server, "listening");
  // What it listens at is a port.
  const { port } = server.address() as AddressInfo;
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    server.close();
  };
  return { port, close };
}

const variants: Readonly<Record<string, (directory: string) => Promise<Running>>> = {
  async ws() {
    const { WebSocket, WebSocketServer } = await import("ws");
    const server = createServer();
    const sockets = new WebSocketServer({ server, perMessageDeflate: false });
    sockets.on("connection", (socket) => {
      socket.on("error", () => {});
      socket.on("message", (data, isBinary) => {
        for (const client of sockets.clients) {
          if (client.readyState === WebSocket.OPEN) client.send(data, { binary: isBinary });
        }
      });
    });
    return listening(server);
  },
  async socketio() {
    const { Server: SocketServer } = await import("socket.io");
    const server = createServer();
    const sockets = new SocketServer(server, { transports: ["websocket"], serveClient: false });
    sockets.on("connection", (socket) => {
      socket.on("wave", (wave: unknown) => void sockets.emit("wave", wave));
    });
    return listening(server);
  },
  async gatehouse(directory) {
    const { serveGuarded } = await import("../support/guarded-server.ts");
    const { application, settings } = await import("./guarded.ts");
    return serveGuarded(application, settings(directory));
  },
};
const start = variants[variant];
if (start === undefined) throw new Error("There is no such server.");
await answerParent(start);
