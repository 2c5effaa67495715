import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

/** The way to the server, which can fall silent and break off. */
export class Way implements Disposable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** Connections that were begun. */
  begun = 0;
  /** Whether connections are refused. */
  isCut = false;

  private constructor(server: Server, port: number) {
    this.#server = server;
    server.on("connection", (near) => {
      this.begun += 1;
      if (this.isCut) return near.resetAndDestroy();
      const far = connect(port, "127.0.0.1");
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(from);
        from.on("error", () => {});
        from.on("close", () => to.destroy());
        from.pipe(to);
      }
    });
  }

  static async open(origin: string): Promise<Way> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new Way(server, Number(new URL(origin).port));
  }

  get origin(): string {
    // A server that listens on a port has an address object.
    return `http://localhost:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Nothing comes and goes on the connections there are, and nobody hears of it. */
  silence(): void {
    for (const socket of this.#sockets) socket.unpipe().pause();
  }

  cut(): void {
    this.isCut = true;
    for (const socket of this.#sockets) socket.resetAndDestroy();
    this.#sockets.clear();
  }

  [Symbol.dispose](): void {
    this.cut();
    this.#server.close();
  }
}
