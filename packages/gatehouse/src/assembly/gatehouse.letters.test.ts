import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { parse } from "parse5";
import { z } from "zod";
import { systemClock } from "../kernel/clock.ts";
import { requireConfig, type ConfigInput } from "../kernel/config.ts";
import { systemRandom } from "../kernel/random.ts";
import { openGatehouse, type Gatehouse } from "./gatehouse.ts";

const Invited = z.object({ link: z.string() });
const ADA = { email: "ada@example.org", name: "Ada <b>Lovelace</b>" };

describe("letters of a server that no mail server is configured for", () => {
  let directory: string;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "gatehouse-letters-"));
  });
  after(() => rm(directory, { recursive: true, force: true }));

  function open(file: ConfigInput): Promise<Gatehouse> {
    const config = requireConfig({ file: { dataDirectory: directory, ...file }, clock: systemClock });
    return openGatehouse({ config, clock: systemClock, random: systemRandom, log: "quiet" });
  }

  function look({ handler }: Gatehouse, origin: string, accept: string): Promise<Response> {
    const request = new Request(`${origin}/development/mailbox`, { headers: { accept } });
    return handler(request, { address: "127.0.0.1", encrypted: origin.startsWith("https:") });
  }

  it("are shown in development, with links that lead to the pages of the server", async () => {
    await using gatehouse = await open({ profile: "development", identity: { serviceName: "Harbour & <i>Sons</i>" } });
    const origin = "http://localhost:4711";
    gatehouse.listensAt(origin);
    const outcome = await gatehouse.operate("accounts.invite", ADA);
    assert.ok(outcome.ok);
    const { link } = Invited.parse(outcome.value);
    assert.match(link, /^http:\/\/localhost:4711\/invitation\/[\w-]+$/);
    const page = await look(gatehouse, origin, "text/html");
    assert.equal(page.status, 200);
    const text = await page.text();
    assert.ok(text.includes(`href="${link}"`));
    assert.ok(!text.includes("<i>Sons"), "what letters say is text");
    assert.equal(parse(text).childNodes[0]?.nodeName, "#documentType");
    const { messages } = Object(await (await look(gatehouse, origin, "application/json")).json());
    assert.partialDeepStrictEqual(messages, [{ to: ADA.email, subject: "You are invited to Harbour & <i>Sons</i>" }]);
  });

  it("are neither shown nor sent in production; an invitation returns its link", async () => {
    const origin = "https://app.example";
    const server = { publicUrl: origin, trustedProxies: ["203.0.113.7/32"] };
    await using gatehouse = await open({ profile: "production", server });
    assert.equal((await look(gatehouse, origin, "text/html")).status, 404);
    const outcome = await gatehouse.operate("accounts.invite", { ...ADA, email: "grace@example.org" });
    assert.ok(outcome.ok);
    assert.ok(Invited.parse(outcome.value).link.startsWith(`${origin}/invitation/`));
    const { mailer } = gatehouse.services.identity ?? {};
    await assert.rejects(
      async () => mailer?.send({ to: ADA.email, subject: "Hello", text: "" }),
      /identity\.mail\.url/,
    );
  });
});
