// Whoever forges webhooks adds a header that only browsers send, so that every attempt looks like the doing of a page
// that some innocent visitor has open. It must count like any other forgery and lead to a ban.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { z } from "zod";
import { createStandardWebhooksVerifier } from "gatehouse/guards";
import { defineAction } from "gatehouse/kernel";
import { openGuarded, type GuardedServer } from "../support/guarded-server.ts";
import { eventually } from "../support/workshop.ts";

const paid = defineAction({
  name: "bill.paid",
  entrances: ["webhook"],
  effects: "store",
  authorise: "public",
  input: z.looseObject({}),
  run: () => Promise.resolve({}),
});
const verifier = createStandardWebhooksVerifier({ secrets: [Buffer.alloc(32, 7).toString("base64")] });

const CLAIMS = [{ origin: "x" }, { origin: "https://evil.example" }, { "sec-fetch-site": "cross-site" }];

function openBank(): Promise<GuardedServer> {
  return openGuarded(
    ({ edge }) => ({
      actions: [paid],
      signatures: { "bill.paid": verifier },
      routes: (app) => app.post("/webhooks/bank", edge.webhook(paid)),
    }),
    { punishing: true },
  );
}

async function post(server: GuardedServer, ip: string, headers: Readonly<Record<string, string>>): Promise<string> {
  const request = new Request("http://localhost:8080/webhooks/bank", { method: "POST", body: "{}", headers });
  const answer = await server.gatehouse.handler(request, { address: ip, encrypted: false });
  return JSON.parse(await answer.text()).code;
}

describe("forged webhooks that claim to come from a page", () => {
  for (const [index, claim] of CLAIMS.entries()) {
    it(`get their source banned in spite of ${JSON.stringify(claim)}`, async () => {
      await using server = await openBank();
      const ip = `203.0.113.${index + 1}`;
      const forged = {
        ...claim,
        "content-type": "application/json",
        "webhook-id": "m1",
        "webhook-timestamp": String(Math.floor(server.clock.now() / 1000)),
        "webhook-signature": `v1,${Buffer.alloc(32, 1).toString("base64")}`,
      };
      for (let count = 0; count < 3; count += 1) assert.equal(await post(server, ip, forged), "SIGNATURE_INVALID");
      await eventually(() => server.gatehouse.services.bans.list().length === 1, "the source is banned");
      assert.equal(await post(server, ip, forged), "SOURCE_BANNED");
    });
  }

  it("share one window of attempts with those that claim nothing", async () => {
    await using server = await openBank();
    const json = { "content-type": "application/json" };
    const codes = new Set<string>();
    for (let count = 0; count < 301; count += 1) {
      codes.add(await post(server, "203.0.113.9", count % 2 === 0 ? json : { ...json, origin: "x" }));
    }
    assert.ok(codes.has("RATE_LIMIT_EXCEEDED") || codes.has("SOURCE_BANNED"), [...codes].join());
  });
});

describe("a page that makes its visitors' browsers post to a webhook", () => {
  it("does not get them banned: it cannot make them sign anything", async () => {
    await using server = await openBank();
    const form = "application/x-www-form-urlencoded";
    const simple = { "content-type": form, origin: "https://evil.example", "sec-fetch-site": "cross-site" };
    for (let count = 0; count < 20; count += 1) {
      assert.equal(await post(server, "203.0.113.1", simple), "SIGNATURE_INVALID");
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.deepEqual(server.gatehouse.services.bans.list(), []);
  });
});
