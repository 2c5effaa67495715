// When everything else has failed - an injected script, a framed page, a downgraded connection - response headers are
// what contains the damage. Mozilla's and Google's graders judge the real pages of the running server, over TLS.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { request } from "node:https";
import { join } from "node:path";
import { after, before, describe, it, type TestContext } from "node:test";
import { CspEvaluator, DEFAULT_CHECKS } from "csp_evaluator/dist/evaluator.js";
import { Severity } from "csp_evaluator/dist/finding.js";
import { CspParser } from "csp_evaluator/dist/parser.js";
import { freePort } from "gatehouse/testing";
import { attribute } from "../support/client.ts";
import { gradePage } from "../support/observatory.ts";
import { startServer, type ServerProcess } from "../support/server-process.ts";

const HOST = "app.example";
const LEAST = 130;

let server: ServerProcess;
let authority: string;

before(async () => {
  const port = await freePort();
  const words = ["--tls", "--public-url", `https://${HOST}:${port}`];
  server = await startServer({ port, words });
  authority = readFileSync(join(server.data, "development-cert.pem"), "utf8");
});
after(() => server[Symbol.asyncDispose]());

/** Cookies by name, kept between requests. */
type Jar = Map<string, string>;

/** A request as a browser sends it, over a connection whose certificate is checked. */
function browse(path: string, jar: Jar, form?: URLSearchParams): Promise<Response> {
  const body = form?.toString();
  const headers: Record<string, string> = {
    host: `${HOST}:${server.port}`,
    accept: "text/html",
    cookie: [...jar].map((pair) => pair.join("=")).join("; "),
    ...(body === undefined
      ? {}
      : { "content-type": "application/x-www-form-urlencoded", origin: server.url, "sec-fetch-site": "same-origin" }),
  };
  const target = { host: "127.0.0.1", port: server.port, servername: HOST, ca: authority, path, headers };
  return new Promise((resolve, reject) => {
    const outgoing = request({ ...target, method: body === undefined ? "GET" : "POST" }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
      incoming.on("error", reject);
      incoming.on("end", () => {
        const fields = Object.entries(incoming.headersDistinct).flatMap(([name, values = []]) =>
          values.map((value): [string, string] => [name, value]),
        );
        for (const cookie of incoming.headers["set-cookie"] ?? []) {
          const [name = "", value = ""] = (cookie.split(";")[0] ?? "").split("=");
          jar.set(name, value);
        }
        const { statusCode: status = 0 } = incoming;
        resolve(new Response(status === 303 ? null : Buffer.concat(chunks), { status, headers: fields }));
      });
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

async function grade(context: TestContext, path: string, response: Response): Promise<void> {
  const policy = response.headers.get("content-security-policy") ?? "";
  const result = await gradePage(new URL(path, server.url), response);
  context.diagnostic(`${path} (${response.status}): Observatory ${result.score}`);
  assert.deepEqual(result.failed, []);
  assert.ok(result.score >= LEAST, `${path}: ${result.score} ${JSON.stringify(result.results)}`);
  const findings = new CspEvaluator(new CspParser(policy).csp).evaluate([], DEFAULT_CHECKS);
  assert.deepEqual(
    findings.filter(({ severity }) => severity < Severity.INFO),
    [],
    policy,
  );
}

describe("the pages of a server over TLS", () => {
  it("score 130 or more, without a failed test or a finding: the gallery", async (context) => {
    await grade(context, "/events/anna-and-ben", await browse("/events/anna-and-ben", new Map()));
    const guest = new URL(server.links["guest"] ?? "").pathname;
    await grade(context, "/join", await browse(guest, new Map()));
  });

  it("score 130 or more, without a failed test or a finding: the console, outside and inside", async (context) => {
    const jar: Jar = new Map();
    const locked = await browse("/console", jar);
    assert.equal(locked.status, 401);
    await grade(context, "/console", locked);
    const link = new URL(server.links["console"] ?? "").pathname;
    const door = await browse(link, jar);
    const text = await door.clone().text();
    await grade(context, "/console/enter", door);
    const token = attribute(text, "input", { name: "_csrf_token" })?.["value"] ?? "";
    const entered = await browse(link, jar, new URLSearchParams({ _csrf_token: token }));
    assert.equal(entered.status, 303);
    for (const path of ["/console", "/console/events", "/console/bans", "/console/guards"]) {
      const page = await browse(path, jar);
      assert.equal(page.status, 200, path);
      await grade(context, path, page);
    }
  });

  it("score 130 or more, without a failed test or a finding: what is refused", async (context) => {
    await grade(context, "/nothing", await browse("/nothing", new Map()));
    const refused = await browse("/enter/whatever", new Map(), new URLSearchParams({ _csrf_token: "wrong" }));
    assert.equal(refused.status, 403);
    await grade(context, "/join (403)", refused);
  });

  it("keep their session in a cookie that only encrypted connections carry", async () => {
    const { headers } = await browse("/events/anna-and-ben", new Map());
    assert.match(
      headers.get("set-cookie") ?? "",
      /^__Host-gatehouse=[^;]+; Path=\/; HttpOnly; Secure; SameSite=Strict$/,
    );
    assert.equal(headers.get("strict-transport-security"), "max-age=31536000; includeSubDomains; preload");
  });
});
