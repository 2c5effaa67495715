import { connect } from "node:net";
import type { RawRequest } from "./requests.ts";

/** Milliseconds an answer may take before the sender hangs up; a request that is not complete gets none. */
const PATIENCE = 400;
/** Milliseconds between two pieces. */
const PAUSE = 5;

/** Sends a request over a connection of its own; resolves to the statuses of everything that was answered. */
export function send(port: number, { pieces, ending }: RawRequest): Promise<readonly number[]> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    let received = "";
    const finish = (): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve([...received.matchAll(/^HTTP\/1\.[01] (\d{3}) /gm)].map(([, status]) => Number(status)));
    };
    const timer = setTimeout(finish, PATIENCE);
    socket.on("data", (chunk: Buffer) => {
      received += chunk.toString("latin1");
      // One complete head is enough; the rest of the page is of no interest.
      if (pieces.length === 1 && received.includes("\r\n\r\n") && !received.startsWith("HTTP/1.1 100")) finish();
    });
    socket.on("error", () => undefined);
    socket.on("close", finish);
    socket.on("connect", () => {
      pieces.forEach((piece, index) => {
        setTimeout(() => {
          if (socket.destroyed) return;
          socket.write(piece);
          if (ending === "leave" && index === pieces.length - 1) setImmediate(finish);
        }, index * PAUSE);
      });
    });
  });
}
