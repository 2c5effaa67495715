import { WebSocket } from "ws";

/** What one client reaches the network by. It can be lost, and is found again. */
export class Link {
  /** For the protocol's client: what it opens goes by this link. */
  readonly WebSocket: object;
  readonly #open = new Set<WebSocket>();
  #isThere = true;

  constructor() {
    const connect = (address: string): WebSocket | Unreachable => this.#connect(address);
    // A constructor that says itself what it makes.
    this.WebSocket = function (address: string) {
      return connect(address);
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

  #connect(address: string): WebSocket | Unreachable {
    if (!this.#isThere) return new Unreachable();
    const socket = new WebSocket(address, { perMessageDeflate: false });
    this.#open.add(socket);
    socket.once("close", () => this.#open.delete(socket));
    return socket;
  }
}

/** What becomes of a WebSocket where there is no network. Thousands of them cost next to nothing. */
class Unreachable {
  onclose: ((event: { readonly code: number; readonly reason: string }) => void) | undefined;

  constructor() {
    setImmediate(() => this.onclose?.({ code: 1006, reason: "" }));
  }

  close(): void {
    // It was never open.
  }
}
