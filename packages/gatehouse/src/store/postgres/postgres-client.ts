import { Socket } from "node:net";
import { Client, type ClientConfig } from "pg";

/** A client whose socket can be closed without asking the server. */
export class PostgresClient extends Client {
  readonly socket: Socket;
  #gathers = false;

  constructor(config: ClientConfig) {
    const socket = new Socket();
    super({ ...config, stream: () => socket });
    this.socket = socket;
    // Without a listener the loss of the connection would end the process; its statements report it.
    this.on("error", () => undefined);
  }

  /** Sends what is written in this turn of the event loop at once: statements that follow one another are one system call. */
  gather(): void {
    if (this.#gathers) return;
    this.#gathers = true;
    this.socket.cork();
    process.nextTick(() => {
      this.#gathers = false;
      this.socket.uncork();
    });
  }
}
