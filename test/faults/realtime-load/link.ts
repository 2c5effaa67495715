import { Socket } from "node:net";
import { WebSocket } from "ws";

/** What one client reaches the network by. It can be lost, and is found again. */
export class Link {
  /** For the protocol's client: its WebSockets go by this link. */
  readonly WebSocket: new (address: string | URL, protocols?: string | string[]) => WebSocket;
  readonly #open = new Set<WebSocket>();
  #isThere = true;

  constructor() {
    const connectionOf = (): { readonly createConnection?: () => Socket } =>
      this.#isThere ? {} : { createConnection: unreachable };
    const opened = (socket: WebSocket): void => {
      this.#open.add(socket);
      socket.once("close", () => this.#open.delete(socket));
    };
    this.WebSocket = class extends WebSocket {
      constructor(address: string | URL, protocols?: string | string[]) {
        super(address, protocols, { ...connectionOf(), perMessageDeflate: false });
        opened(this);
      }
    };
  }

  /** Cuts what is open, and lets nothing be opened. */
  lose(): void {
    this.#isThere = false;
    for (const socket of this.#open) socket.terminate();
  }

  find(): void {
    this.#isThere = true;
  }
}

function unreachable(): Socket {
  const socket = new Socket();
  setImmediate(() => socket.destroy(new Error("There is no network.")));
  return socket;
}
