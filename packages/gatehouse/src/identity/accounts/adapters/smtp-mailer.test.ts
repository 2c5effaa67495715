import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { SmtpServer } from "../../../testing/smtp-server.ts";
import { createSmtpMailer } from "./smtp-mailer.ts";

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
