import { Socket } from "node:net";
import { Client, type ClientConfig } from "pg";

/** A client whose socket can be closed without asking the server. */
export class PostgresClient extends Client {
  readonly socket: Socket;

  constructor(config: ClientConfig) {
    const socket = new Socket();
    super({ ...config, stream: () => socket });
    this.socket = socket;
    // Without a listener the loss of the connection would end the process; its statements report it.
    this.on("error", () => undefined);
  }
}
