import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Example, ExampleAnswer } from "./example.ts";

/**
 * The same attacks on every framework: guards that hold in one way of mounting them and not in another are
 * worth nothing, and the difference between frameworks is exactly in how bodies, headers and addresses
 * reach the guards.
 */
export function describeAdapter(
  name: string,
  start: () => Promise<Example>,
  paths: readonly string[] = ["/payments"],
): void {
  describe(`the ${name} example`, () => {
    it("keeps its payment action guarded", async () => {
      for (const path of paths) {
        await using example = await start();
        await attack(example, path);
      }
    });
  });
}

interface Visit {
  readonly cookie: string;
  readonly token: string;
}

async function attack(example: Example, path: string): Promise<void> {
  const visit = await open(example);
  await attackProvenance(example, path, visit);
  await attackParsing(example, path, visit);
  await attackIdempotency(example, path, visit);
  await attackLimits(example, path, visit);
}

async function open(example: Example): Promise<Visit> {
  const page = await example.send("/", { headers: { accept: "text/html" } });
  assert.match(String(page.headers["content-security-policy"]), /default-src 'none'/);
  assert.equal(page.headers["x-content-type-options"], "nosniff");
  const cookie = String(page.headers["set-cookie"]).split(";")[0] ?? "";
  assert.match(cookie, /^(?:__Host-gatehouse|gatehouse-loopback-\d+)=[\w.-]{77}$/);
  const token = /name="csrf-token" content="([^"]{40,})"/.exec(page.text)?.[1];
  assert.ok(token !== undefined, page.text);
  return { cookie, token };
}

function pay(
  example: Example,
  path: string,
  { visit, headers = {}, body = '{"amount":5}' }: { visit: Visit; headers?: Record<string, string>; body?: string },
): Promise<ExampleAnswer> {
  return example.send(path, {
    method: "POST",
    body,
    headers: {
      "content-type": "application/json",
      cookie: visit.cookie,
      "x-csrf-token": visit.token,
      "sec-fetch-site": "same-origin",
      origin: example.origin,
      "idempotency-key": "never-used",
      ...headers,
    },
  });
}

function expectProblem(answer: ExampleAnswer, status: number, code: string): void {
  assert.equal(answer.status, status, answer.text);
  assert.match(String(answer.headers["content-type"]), /^application\/problem\+json/);
  assert.equal(JSON.parse(answer.text).code, code);
  assert.doesNotMatch(answer.text, /\bat .*\.ts:\d+/);
}

/** Forged requests: without a token, with another session's, from other sites and from another port. */
async function attackProvenance(example: Example, path: string, visit: Visit): Promise<void> {
  const other = await open(example);
  const send = (headers: Record<string, string>): Promise<ExampleAnswer> => pay(example, path, { visit, headers });
  expectProblem(await send({ "x-csrf-token": "" }), 403, "CSRF_TOKEN_INVALID");
  expectProblem(await send({ "x-csrf-token": other.token }), 403, "CSRF_TOKEN_INVALID");
  expectProblem(await send({ cookie: "a=b" }), 403, "SESSION_EXPIRED");
  const evil = { origin: "https://evil.example" };
  expectProblem(await send({ ...evil, "sec-fetch-site": "cross-site" }), 403, "ORIGIN_REFUSED");
  expectProblem(await send({ origin: "http://127.0.0.1:1", "sec-fetch-site": "same-site" }), 403, "ORIGIN_REFUSED");
  expectProblem(await send({ cookie: `${visit.cookie}; ${other.cookie}` }), 400, "MALFORMED_REQUEST");
  const read = await example.send(`${path}?amount=5`, {
    headers: { cookie: visit.cookie, "x-http-method-override": "POST" },
  });
  assert.ok([404, 405].includes(read.status), String(read.status));
}

/** Bodies that two readers would understand differently, or choke on. */
async function attackParsing(example: Example, path: string, visit: Visit): Promise<void> {
  const send = (body: string, type = "application/json"): Promise<ExampleAnswer> =>
    pay(example, path, { visit, body, headers: { "content-type": type } });
  const late = path !== "/payments";
  // A body parser in front refuses broken JSON by itself, in its own words.
  if (late) assert.ok([400, 413].includes((await send("{")).status));
  else expectProblem(await send("{"), 400, "MALFORMED_REQUEST");
  expectProblem(await send('{"amount":1,"amount":2}'), 400, "MALFORMED_REQUEST");
  expectProblem(await send('{"amount":1,"__proto__":{}}'), 400, "MALFORMED_REQUEST");
  expectProblem(await send('{"amount":0}'), 422, "VALIDATION_ERROR");
  expectProblem(await send('{"amount":5}', "text/plain"), 415, "UNSUPPORTED_MEDIA_TYPE");
  if (late) return;
  expectProblem(await send(`${"[".repeat(100)}${"]".repeat(100)}`), 413, "PAYLOAD_TOO_LARGE");
  expectProblem(await send(JSON.stringify({ amount: "x".repeat(1_100_000) })), 413, "PAYLOAD_TOO_LARGE");
}

/** Payments that are retried, doubled, or sent without a key. */
async function attackIdempotency(example: Example, path: string, visit: Visit): Promise<void> {
  const key = `key-${path}`;
  const send = (headers: Record<string, string>, body?: string): Promise<ExampleAnswer> =>
    pay(example, path, { visit, headers, ...(body === undefined ? {} : { body }) });
  const [first, second] = await Promise.all([send({ "idempotency-key": key }), send({ "idempotency-key": key })]);
  assert.equal(first.status, 200, first.text);
  assert.equal(second.status, 200, second.text);
  assert.equal(first.text, second.text);
  const replayed = [first, second].filter(({ headers }) => headers["idempotent-replayed"] === "true");
  assert.equal(replayed.length, 1);
  expectProblem(await send({ "idempotency-key": key }, '{"amount":6}'), 422, "IDEMPOTENCY_KEY_REUSED");
}

/** More payments than allowed, under other claimed addresses. */
async function attackLimits(example: Example, path: string, visit: Visit): Promise<void> {
  const answers: ExampleAnswer[] = [];
  for (let count = 0; count < 8; count += 1) {
    const headers = { "idempotency-key": `limit-${path}-${count}`, "x-forwarded-for": `198.51.100.${count}` };
    answers.push(await pay(example, path, { visit, headers }));
  }
  const refused = answers.filter(({ status }) => status === 429);
  assert.ok(refused.length >= 6, answers.map(({ status }) => status).join(" "));
  const [last] = refused.slice(-1);
  assert.ok(last);
  expectProblem(last, 429, "RATE_LIMIT_EXCEEDED");
  assert.equal(last.headers["x-ratelimit-limit"], "5");
  assert.ok(Number(last.headers["retry-after"]) > 0);
}
