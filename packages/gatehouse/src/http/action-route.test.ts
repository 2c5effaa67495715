import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { describe, it } from "node:test";
import { Hono } from "hono";
import { z } from "zod";
import { createStandardWebhooksVerifier } from "../guards/signature-standard-webhooks.ts";
import { signatureGuard } from "../guards/signature.ts";
import { defineAction } from "../kernel/action.ts";
import { openEdgeSetup, TEST_CONNECTION, type EdgeSetup } from "../testing/edge-setup.ts";
import type { EdgeHandler } from "./edge.ts";

const secret = Buffer.alloc(32, 7);
const verifier = createStandardWebhooksVerifier({ secrets: [secret.toString("base64")], sender: "bank" });

interface Bank extends AsyncDisposable {
  readonly handler: EdgeHandler;
  readonly setup: EdgeSetup;
  /** What the action was given, one entry an execution. */
  readonly noted: unknown[];
}

async function openBank(): Promise<Bank> {
  const noted: unknown[] = [];
  const note = defineAction({
    name: "payment.note",
    entrances: ["webhook"],
    effects: "store",
    authorise: ({ principal }) => principal.id === "bank",
    input: z.looseObject({ amount: z.number() }),
    run: async ({ input, principal }) => {
      noted.push(input);
      return { from: `${principal.type} ${principal.id}` };
    },
  });
  const setup = await openEdgeSetup({
    actions: [note],
    guards: () => [signatureGuard({ verifiers: { "payment.note": verifier } })],
  });
  const app = new Hono();
  app.post("/webhooks/bank", setup.edge.webhook(note));
  const dispose = (): Promise<void> => Promise.resolve(setup[Symbol.asyncDispose]());
  return { handler: setup.edge.handler(app), setup, noted, [Symbol.asyncDispose]: dispose };
}

interface Message {
  readonly id?: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

function message({ setup }: Bank, { id = "msg-1", body = '{"amount":5}', headers = {} }: Message = {}): Request {
  const time = Math.floor(setup.clock.now() / 1000);
  const signature = createHmac("sha256", secret).update(`${id}.${time}.${body}`).digest("base64");
  return new Request("https://app.example/webhooks/bank", {
    method: "POST",
    body,
    headers: {
      "content-type": "application/json",
      "webhook-id": id,
      "webhook-timestamp": String(time),
      "webhook-signature": `v1,${signature}`,
      ...headers,
    },
  });
}

describe("Edge.webhook", () => {
  it("runs the action for a signed message, as its sender and without a session", async () => {
    await using bank = await openBank();
    const response = await bank.handler(message(bank), TEST_CONNECTION);
    assert.equal(response.status, 200);
    assert.deepEqual(await response.json(), { from: "client bank" });
    assert.equal(response.headers.get("set-cookie"), null);
    assert.equal(response.headers.get("x-csrf-token"), null);
  });

  it("hands on every member of the body: none of them belongs to the guards", async () => {
    await using bank = await openBank();
    const body = '{"amount":5,"idempotency_key":"theirs","_csrf_token":"theirs"}';
    await bank.handler(message(bank, { body }), TEST_CONNECTION);
    assert.deepEqual(bank.noted, [JSON.parse(body)]);
  });

  it("refuses what nobody signed", async () => {
    await using bank = await openBank();
    const response = await bank.handler(message(bank, { headers: { "webhook-id": "msg-2" } }), TEST_CONNECTION);
    assert.equal(response.status, 401);
    assert.deepEqual(bank.noted, []);
  });

  it("knows the sender by the signature, whatever cookie comes with it", async () => {
    await using bank = await openBank();
    const page = new Request("https://app.example/webhooks/bank", { headers: { accept: "text/html" } });
    bank.setup.edge.csrfToken(bank.setup.edge.inbound(page, TEST_CONNECTION));
    const cookie = new Map(bank.setup.edge.sessions.headers(bank.setup.edge.inbound(page))).get("set-cookie") ?? "";
    const [pair = ""] = cookie.split(";");
    const response = await bank.handler(message(bank, { headers: { cookie: pair } }), TEST_CONNECTION);
    assert.deepEqual(await response.json(), { from: "client bank" });
  });
});

// Whoever records a genuine message can send it again within the tolerance. Headers that nobody signed can be
// changed at will then: if one of them named the message, the recorded one would be executed again and again.
describe("webhook replay under another key", () => {
  it("is answered with the stored result, whatever the headers call it", async () => {
    await using bank = await openBank();
    const first = await bank.handler(message(bank), TEST_CONNECTION);
    assert.equal(first.headers.get("idempotent-replayed"), null);
    for (const name of ["idempotency-key", "x-idempotency-key"]) {
      const again = await bank.handler(message(bank, { headers: { [name]: "another" } }), TEST_CONNECTION);
      assert.equal(again.status, 200);
      assert.equal(again.headers.get("idempotent-replayed"), "true");
    }
    assert.equal(bank.noted.length, 1);
  });
});
