import { connect, createServer, type Server, type Socket } from "node:net";

/**
 * A line to a server that carries so many bytes towards it and then holds the rest: a test says how far an upload has
 * come when something happens, however fast the machine is.
 */
export class MeteredLine implements AsyncDisposable {
  /** Where it is entered. */
  readonly port: number;
  readonly #server: Server;
  readonly #sockets: ReadonlySet<Socket>;
  readonly #meter: Meter;

  private constructor(server: Server, meter: Meter, sockets: ReadonlySet<Socket>) {
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("The line has no port.");
    this.port = address.port;
    this.#server = server;
    this.#meter = meter;
    this.#sockets = sockets;
  }

  /** Lays a line to a port, which carries everything until it is given a bound. */
  static async to(port: number): Promise<MeteredLine> {
    const meter = new Meter();
    const sockets = new Set<Socket>();
    const server = createServer((near) => {
      const far = connect(port, "127.0.0.1");
      for (const [socket, other] of [
        [near, far],
        [far, near],
      ] as const) {
        sockets.add(socket);
        socket.on("error", () => other.destroy());
        socket.on("close", () => {
          sockets.delete(socket);
          other.destroy();
        });
      }
      far.pipe(near);
      near.on("data", (chunk: Buffer) => {
        near.pause();
        void carry(chunk, far, meter).then(() => near.resume());
      });
    });
    const { promise, resolve } = Promise.withResolvers<void>();
    server.listen(0, "127.0.0.1", resolve);
    await promise;
    return new MeteredLine(server, meter, sockets);
  }

  /** Carries so many bytes from now on. */
  allow(bytes: number): void {
    this.#meter.allow(bytes);
  }

  /** Whether all that was allowed has been carried. */
  get isHolding(): boolean {
    return this.#meter.left === 0;
  }

  /** Breaks every connection, as a phone does that leaves a network. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.allow(Infinity);
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** What may still be carried, and whoever waits for more. */
class Meter {
  left = Infinity;
  #waiting: (() => void)[] = [];

  allow(bytes: number): void {
    this.left = bytes;
    for (const go of this.#waiting.splice(0)) go();
  }

  /** Takes as many of so many bytes as there are, once there are any. */
  async take(wanted: number): Promise<number> {
    while (this.left === 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    const taken = Math.min(wanted, this.left);
    this.left -= taken;
    return taken;
  }
}

async function carry(chunk: Buffer, far: Socket, meter: Meter): Promise<void> {
  for (let at = 0; at < chunk.length && !far.destroyed;) {
    const end = at + (await meter.take(chunk.length - at));
    if (!far.write(chunk.subarray(at, end))) await drained(far);
    at = end;
  }
}

function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.destroyed) resolve();
    for (const event of ["drain", "close"]) socket.once(event, () => resolve());
  });
}
