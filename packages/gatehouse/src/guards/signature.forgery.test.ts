import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { describe, it } from "node:test";
import fc from "fast-check";
import { defineAction } from "../kernel/action.ts";
import { ENTRANCES, type Attempt, type Entrance, type Provenance } from "../kernel/attempt.ts";
import { isDenial, type Denial } from "../kernel/outcome.ts";
import { passageOf } from "../testing/passage.ts";
import { createStandardWebhooksVerifier } from "./signature-standard-webhooks.ts";
import { signatureGuard, type SignatureFault, type SignatureVerifier } from "./signature.ts";

/** The example that the Standard Webhooks specification publishes. */
const published = {
  secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
  id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
  time: 1_614_265_330,
  body: '{"test": 2432232314}',
  signature: "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
};

const action = defineAction({
  name: "payment.notify",
  entrances: ["webhook", "http"],
  input: { "~standard": { version: 1, vendor: "test", validate: (value: unknown) => ({ value }) } },
  effects: "store",
  authorise: "public",
  run: () => Promise.resolve("noted"),
});

interface Message {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
  readonly receivedAt: number;
}

const genuine: Message = {
  headers: {
    "webhook-id": published.id,
    "webhook-timestamp": String(published.time),
    "webhook-signature": published.signature,
  },
  body: published.body,
  receivedAt: published.time * 1000,
};

function fault(
  message: Partial<Message>,
  verifier = createStandardWebhooksVerifier({ secrets: [published.secret] }),
): SignatureFault | undefined {
  const { headers, body, receivedAt } = { ...genuine, ...message };
  const verdict = verifier.verify({
    headers,
    body: Buffer.from(body),
    attempt: passageOf({ attempt: { receivedAt } }).attempt,
  });
  assert.ok(!(verdict instanceof Promise));
  return typeof verdict === "string" ? verdict : undefined;
}

function withHeader(name: string, value: string | undefined): Partial<Message> {
  const { [name]: _, ...rest } = genuine.headers;
  return { headers: value === undefined ? rest : { ...rest, [name]: value } };
}

function sign(secret: Uint8Array, content: string): string {
  return `v1,${createHmac("sha256", secret).update(content).digest("base64")}`;
}

describe("createStandardWebhooksVerifier", () => {
  it("accepts the specification's example", () => {
    assert.equal(fault({}), undefined);
  });

  it("accepts whatever was signed with the secret, bytes that are not text included", () => {
    const secret = Buffer.from("a secret of 32 bytes for testing");
    const verifier = createStandardWebhooksVerifier({ secrets: [secret.toString("base64")] });
    fc.assert(
      fc.property(fc.uint8Array(), fc.integer({ min: 1, max: 4_000_000_000 }), (body, time) => {
        const hmac = createHmac("sha256", secret).update(`id-1.${time}.`).update(body).digest("base64");
        const headers = { "webhook-id": "id-1", "webhook-timestamp": String(time), "webhook-signature": `v1,${hmac}` };
        assert.equal(fault({ headers, body, receivedAt: time * 1000 }, verifier), undefined);
      }),
    );
  });

  it("accepts old and new secrets during a rotation, and any good signature among several", () => {
    const other = Buffer.alloc(32, 7).toString("base64");
    const rotating = createStandardWebhooksVerifier({ secrets: [other, published.secret] });
    assert.equal(fault({}, rotating), undefined);
    const several = `v1a,abc ${sign(Buffer.alloc(32, 9), "x")} ${published.signature}`;
    assert.equal(fault(withHeader("webhook-signature", several)), undefined);
  });

  it("asks for the tenant's secrets where they are not fixed", async () => {
    const verifier = createStandardWebhooksVerifier({
      secrets: ({ attempt }) => Promise.resolve(attempt.tenant === "acme" ? [published.secret] : []),
    });
    const verify = (tenant: string) => {
      const { attempt } = passageOf({ attempt: { tenant, receivedAt: genuine.receivedAt } });
      return verifier.verify({ headers: genuine.headers, body: Buffer.from(published.body), attempt });
    };
    assert.deepEqual(await verify("acme"), { messageId: published.id });
    assert.equal(await verify("other"), "mismatch");
  });

  it("refuses weak and malformed secrets without repeating them", () => {
    for (const secret of ["", "whsec_", "whsec_c2hvcnQ=", "not base64!", Buffer.alloc(65).toString("base64")]) {
      const quiet = (error: unknown): boolean =>
        error instanceof TypeError && (secret === "" || !error.message.includes(secret));
      assert.throws(
        () => createStandardWebhooksVerifier({ secrets: [secret] }),
        secret === "whsec_" ? TypeError : quiet,
      );
    }
    assert.throws(() => createStandardWebhooksVerifier({ secrets: [] }), TypeError);
  });
});

// Anyone can post to a webhook address: without the sender's secret nothing they send may pass. Every part of
// the message - identifier, time and body - is covered by the signature, and none can borrow from another.
describe("webhook forgery", () => {
  it("is refused when any header is missing or malformed", () => {
    for (const name of Object.keys(genuine.headers)) assert.equal(fault(withHeader(name, undefined)), "missing");
    for (const time of ["", "0", "-1", "1e9", "1614265330.0", "01614265330", "9".repeat(13), "now"]) {
      assert.equal(fault(withHeader("webhook-timestamp", time)), "malformed", time);
    }
    for (const signature of [
      "",
      "v1",
      "v1,",
      "v2,abc",
      "v1,abc",
      published.signature.slice(3),
      `${published.signature}=`,
    ]) {
      assert.equal(fault(withHeader("webhook-signature", signature)), "malformed", signature);
    }
  });

  it("is refused when identifier, time or body differ in anything", () => {
    assert.equal(fault(withHeader("webhook-id", `${published.id}x`)), "mismatch");
    assert.equal(fault({ ...withHeader("webhook-timestamp", String(published.time + 1)) }), "mismatch");
    fc.assert(
      fc.property(fc.nat(published.body.length), fc.string({ maxLength: 3 }), fc.nat(3), (index, insert, removed) => {
        const body = published.body.slice(0, index) + insert + published.body.slice(index + removed);
        assert.equal(fault({ body }), body === published.body ? undefined : "mismatch");
      }),
    );
  });

  it("is refused when bytes are moved between identifier, time and body", () => {
    const secret = Buffer.alloc(32, 1);
    const verifier = createStandardWebhooksVerifier({ secrets: [secret.toString("base64")] });
    const signature = sign(secret, "a.1614265330.2.b");
    const move = (id: string, time: string, body: string) =>
      fault(
        { headers: { "webhook-id": id, "webhook-timestamp": time, "webhook-signature": signature }, body },
        verifier,
      );
    assert.equal(move("a", "1614265330", "2.b"), undefined);
    assert.equal(move("a.1614265330", "2", "b"), "malformed");
  });

  it("is refused with every other secret, and when the header offers too many signatures to try", () => {
    const wrong = createStandardWebhooksVerifier({ secrets: [Buffer.alloc(32, 3).toString("base64")] });
    assert.equal(fault({}, wrong), "mismatch");
    const flood = Array.from({ length: 100 }, () => published.signature).join(" ");
    assert.equal(fault(withHeader("webhook-signature", flood)), "malformed");
  });
});

// A genuine message that was recorded stays genuine: sent again much later it must not count. Nor may one from
// the future, which would be good for replays until then.
describe("webhook replay", () => {
  it("is refused more than five minutes before and after, and not within", () => {
    const at = (seconds: number) => fault({ receivedAt: (published.time + seconds) * 1000 });
    assert.equal(at(300), undefined);
    assert.equal(at(-300), undefined);
    assert.equal(at(301), "too-old");
    assert.equal(at(-301), "too-new");
    assert.equal(fault({ receivedAt: Date.UTC(2027, 0, 1) }), "too-old");
  });

  it("is judged by the configured tolerance", () => {
    const strict = createStandardWebhooksVerifier({ secrets: [published.secret], tolerance: 10 });
    assert.equal(fault({ receivedAt: (published.time + 11) * 1000 }, strict), "too-old");
  });
});

const guard = signatureGuard({
  verifiers: { "payment.notify": createStandardWebhooksVerifier({ secrets: [published.secret] }) },
});

async function enter(entrance: Entrance, provenance: Provenance, name = action.name): Promise<Denial | undefined> {
  const attempt: Partial<Attempt> = { entrance, provenance, receivedAt: genuine.receivedAt };
  const named = { ...action, name };
  const answer = await guard.compile(named, entrance)?.enter?.(passageOf({ action: named, attempt }));
  return isDenial(answer) ? answer : undefined;
}

describe("signatureGuard", () => {
  const signed: Provenance = { kind: "signed", headers: genuine.headers, body: Buffer.from(published.body) };
  const forged: Provenance = { ...signed, body: Buffer.from("{}") };

  it("admits genuine messages and denies forged ones, telling the caller no more than that", async () => {
    assert.equal(await enter("webhook", signed), undefined);
    const denial = await enter("webhook", forged);
    assert.equal(denial?.problem.code, "SIGNATURE_INVALID");
    assert.equal(denial.detail, undefined);
    assert.equal(denial.event?.name, "webhook_signature_fail");
    assert.deepEqual(denial.context, { reason: "mismatch", scheme: "standard-webhooks" });
  });

  it("admits nothing unsigned at the webhook entrance but the system's own redeliveries", async () => {
    assert.equal((await enter("webhook", { kind: "token" }))?.problem.code, "SIGNATURE_INVALID");
    const browser: Provenance = {
      kind: "browser",
      method: "POST",
      target: "https://app.example",
      fetchSite: "same-origin",
    };
    assert.equal((await enter("webhook", browser))?.problem.code, "SIGNATURE_INVALID");
    assert.equal(await enter("webhook", { kind: "internal" }), undefined);
  });

  it("denies signed messages wherever nothing verifies them", async () => {
    for (const entrance of ENTRANCES) {
      assert.equal((await enter(entrance, signed, "other.action"))?.problem.code, "SIGNATURE_INVALID", entrance);
    }
    assert.equal(await enter("http", { kind: "token" }, "other.action"), undefined);
  });

  it("verifies at other entrances too where a verifier is registered", async () => {
    assert.equal(await enter("http", signed), undefined);
    assert.equal((await enter("http", forged))?.problem.code, "SIGNATURE_INVALID");
  });

  it("makes the sender a client of that name, and the message's identifier its key", async () => {
    const secrets = [published.secret];
    const named = signatureGuard({
      verifiers: { "payment.notify": createStandardWebhooksVerifier({ secrets, sender: "bank" }) },
    });
    const attempt = { entrance: "webhook", provenance: signed, receivedAt: genuine.receivedAt } as const;
    const passage = passageOf({ action, attempt: { ...attempt, idempotencyKey: "from a header nobody signed" } });
    assert.equal(await named.compile(action, "webhook")?.enter?.(passage), undefined);
    assert.equal(passage.idempotencyKey, published.id);
    const { type, id, tenant } = passage.principal;
    assert.deepEqual({ type, id, tenant }, { type: "client", id: "bank", tenant: "acme" });
  });

  it("leaves strangers strangers where nobody says who signs", async () => {
    const attempt = { entrance: "webhook", provenance: signed, receivedAt: genuine.receivedAt } as const;
    const passage = passageOf({ action, attempt });
    assert.equal(await guard.compile(action, "webhook")?.enter?.(passage), undefined);
    assert.equal(passage.principal.type, "anonymous");
  });

  it("waits for verifiers that take their time", async () => {
    const slow: SignatureVerifier = { scheme: "slow", verify: () => Promise.resolve("too-old") };
    const step = signatureGuard({ verifiers: { "payment.notify": slow } }).compile(action, "webhook");
    const answer = await step?.enter?.(passageOf({ action, attempt: { entrance: "webhook", provenance: signed } }));
    assert.ok(isDenial(answer));
    assert.equal(answer.context?.["reason"], "too-old");
  });

  it("is a reason not to start when a webhook action has no verifier", () => {
    assert.match(guard.check?.({ ...action, name: "other.action" })[0] ?? "", /other\.action .*register a verifier/);
    assert.deepEqual(guard.check?.(action), []);
    assert.deepEqual(guard.check?.({ ...action, name: "other.action", entrances: ["http"] }), []);
  });

  it("cannot be switched off", () => {
    assert.deepEqual(guard.modes, ["enforce"]);
  });
});
