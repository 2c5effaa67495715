import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { after, before, describe, it } from "node:test";
import { createSmtpMailer } from "./smtp-mailer.ts";

/** A server that speaks SMTP (RFC 5321) without encryption, and keeps what it is given. */
class SmtpServer {
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

describe("the SMTP mailer", () => {
  const server = new SmtpServer();
  let url: string;
  before(async () => (url = await server.listen()));
  after(() => server.close());

  it("hands a message over to one recipient, as plain text", async () => {
    using mailer = createSmtpMailer({ url, from: "Acme <no-reply@example.org>", plaintext: true });
    await mailer.send({ to: "ada@example.org", subject: "Grüße", text: "https://id.example/reset/abc" });
    assert.deepEqual(server.recipients, ["ada@example.org"]);
    const [message = ""] = server.messages;
    assert.match(message, /^From: Acme <no-reply@example\.org>$/m);
    assert.match(message, /^To: ada@example\.org$/m);
    assert.match(message, /^Content-Type: text\/plain/m);
    assert.match(message, /https:\/\/id\.example\/reset\/abc/);
  });

  it("does not let a subject add headers, or an address add recipients", async () => {
    using mailer = createSmtpMailer({ url, from: "no-reply@example.org", plaintext: true });
    const before = server.recipients.length;
    await mailer.send({ to: "ada@example.org", subject: "x\r\nBcc: eve@example.org", text: "y" });
    assert.doesNotMatch(server.messages.at(-1) ?? "", /^Bcc:/m);
    await mailer.send({ to: "ada@example.org, eve@example.org", subject: "x", text: "y" }).catch(() => undefined);
    assert.ok(!server.recipients.slice(before).includes("eve@example.org"));
  });

  it("gives nothing to a server without encryption, unless told to", async () => {
    using mailer = createSmtpMailer({ url, from: "no-reply@example.org" });
    const before = server.messages.length;
    await assert.rejects(mailer.send({ to: "ada@example.org", subject: "x", text: "y" }));
    assert.equal(server.messages.length, before);
  });
});
