import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { createInterface } from "node:readline";

/** A server that speaks SMTP (RFC 5321) without encryption, and keeps what it is given. */
export class SmtpServer {
  readonly recipients: string[] = [];
  readonly messages: string[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor() {
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
      socket.on("error", () => undefined);
      void this.#serve(socket);
    });
  }

  async listen(): Promise<string> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    const address = this.#server.address();
    assert.ok(typeof address === "object" && address !== null);
    return `smtp://127.0.0.1:${address.port}`;
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  async #serve(socket: Socket): Promise<void> {
    let message: string[] | undefined;
    socket.write("220 test ESMTP\r\n");
    for await (const line of createInterface({ input: socket })) {
      if (message !== undefined) {
        if (line !== ".") {
          message.push(line);
          continue;
        }
        this.messages.push(message.join("\n"));
        message = undefined;
        socket.write("250 taken over\r\n");
      } else if (/^DATA/i.test(line)) {
        message = [];
        socket.write("354 go on\r\n");
      } else {
        const recipient = /^RCPT TO:<([^>]*)>/i.exec(line)?.[1];
        if (recipient !== undefined) this.recipients.push(recipient);
        socket.write("250 fine\r\n");
      }
    }
  }
}
