// Anybody can post to the address of a webhook, and whoever has recorded a genuine message can post it again. What is
// signed passes the same guards as everything else: every attack of the guard suite is sent to a mounted webhook.
import { createHmac } from "node:crypto";
import {
  createStandardWebhooksVerifier,
  type Genuine,
  type SignatureFault,
  type SignatureVerifier,
  type SignedMessage,
} from "gatehouse/guards";
import { listen, SINGLE_TENANT } from "gatehouse/http";
import { describeGuardsOn, type SuiteRequest } from "gatehouse/testing";
import { openGuarded, type GuardedServer } from "../support/guarded-server.ts";
import { socketWire } from "../support/wire.ts";
import { WireHarness, type Protocol } from "../support/wire-harness.ts";

const SECRETS = { ada: Buffer.alloc(32, 1), bob: Buffer.alloc(32, 2), mallory: Buffer.alloc(32, 3) };
const NOBODYS_SECRET = Buffer.alloc(32, 9);

const verifiers = Object.entries(SECRETS).map(([sender, secret]) =>
  createStandardWebhooksVerifier({
    sender,
    secrets: async ({ attempt }) => (attempt.tenant === SINGLE_TENANT ? [secret.toString("base64")] : []),
  }),
);

/** One that knows several senders by their secrets. */
const verifier: SignatureVerifier = {
  scheme: "standard-webhooks",
  async verify(message: SignedMessage): Promise<Genuine | SignatureFault> {
    let fault: SignatureFault = "missing";
    for (const each of verifiers) {
      const verdict = await each.verify(message);
      if (typeof verdict !== "string") return verdict;
      fault = verdict;
    }
    return fault;
  },
};

const SECONDS_OFF: Partial<Record<SuiteRequest["message"], number>> = { "too old": -301, "too new": 301 };

class WebhookProtocol implements Protocol {
  readonly browser = false;
  readonly #server: GuardedServer;
  #count = 0;

  constructor(server: GuardedServer) {
    this.#server = server;
  }

  encode(request: SuiteRequest, { headers }: { readonly headers: Readonly<Record<string, string>> }) {
    const body = JSON.stringify(request.input);
    return {
      method: "POST" as const,
      path: `/webhooks/${request.action}`,
      headers: { ...headers, "content-type": "application/json", ...this.#sign(request, body) },
      body: request.message === "altered" ? body.replace("{", '{"altered":true,') : body,
    };
  }

  decode(): object {
    return {};
  }

  #sign({ as, key, message, unsignedKey }: SuiteRequest, body: string): Record<string, string> {
    const unsigned = unsignedKey === undefined ? {} : { "idempotency-key": unsignedKey };
    if (as === "stranger" || message === "unsigned") return unsigned;
    this.#count += 1;
    const id = key ?? `message-${this.#count}`;
    const time = Math.floor(this.#server.clock.now() / 1000) + (SECONDS_OFF[message] ?? 0);
    const secret = message === "another secret" ? NOBODYS_SECRET : SECRETS[as];
    const signature = createHmac("sha256", secret).update(`${id}.${time}.${body}`).digest("base64");
    const signed = { "webhook-id": id, "webhook-timestamp": String(time), "webhook-signature": `v1,${signature}` };
    return { ...unsigned, ...signed };
  }
}

describeGuardsOn("webhooks", {
  entrance: "webhook",
  provenance: "signed",
  wire: "http",
  tellsLifetime: false,
  unknownAction: "NOT_FOUND",
  otherTenant: "SIGNATURE_INVALID",
  async open({ here, elsewhere }) {
    const server = await openGuarded(({ edge }) => ({
      actions: [...here, elsewhere],
      signatures: Object.fromEntries(here.map(({ name }) => [name, verifier])),
      routes: (app) => {
        for (const action of here) app.post(`/webhooks/${action.name}`, edge.webhook(action));
        app.post(`/webhooks/${elsewhere.name}`, (context) =>
          edge.answer(elsewhere, edge.of(context), { entrance: "webhook" }),
        );
      },
    }));
    const listening = await listen({ handler: server.gatehouse.handler, port: 0 });
    const wire = socketWire(listening.port, () => listening.close({ grace: 100 }));
    return new WireHarness(server, wire, new WebhookProtocol(server));
  },
});
