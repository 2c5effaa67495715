import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { freePort } from "gatehouse/testing";
import { CLIENT_ADDRESS, findProgram, sendThrough, type Answer, type Proxy } from "./proxy.ts";
import { openTestServer } from "./test-server.ts";

/**
 * What must hold behind any proxy. Forwarding headers are text that anyone can send: a server that believes
 * them from strangers lets every caller choose the address it is limited and banned by, and one that
 * believes none of them bans the proxy instead.
 */
export function describeBehind(
  name: string,
  start: (program: string, port: number, upstream: number) => Promise<Proxy>,
): void {
  const program = findProgram(name);
  // Where tests must be complete, a missing program is a failure.
  const skip = program === undefined && process.env["CI"] === undefined ? `${name} is not installed` : false;

  async function through(
    work: (proxy: Proxy, port: number) => Promise<void>,
    trusted = ["127.0.0.1/32"],
  ): Promise<void> {
    const port = await freePort();
    const publicUrl = `https://app.example:${port}`;
    await using server = await openTestServer({ server: { publicUrl, trustedProxies: trusted } });
    await using proxy = await start(program ?? name, port, server.listening.port);
    await work(proxy, port);
  }

  const spoofed = {
    "x-forwarded-for": "6.6.6.6",
    "x-forwarded-proto": "http",
    "x-forwarded-host": "evil.example",
    "x-real-ip": "6.6.6.6",
    forwarded: "for=6.6.6.6;proto=http",
    "x-request-id": "00000000000000000000000000000000",
  };

  describe(`behind ${name}`, { skip }, () => {
    it("sees the client, not the proxy, and believes nothing the client claims", () =>
      through(async (proxy) => {
        const plain = JSON.parse((await sendThrough(proxy, "/look")).text);
        assert.equal(plain.ip, CLIENT_ADDRESS);
        assert.equal(plain.tls, true);
        const lied = JSON.parse((await sendThrough(proxy, "/look", { headers: spoofed })).text);
        assert.equal(lied.tls, true);
        assert.equal(lied.ip, CLIENT_ADDRESS);
        assert.notEqual(lied.requestId, spoofed["x-request-id"]);
      }));

    it("believes nobody who is not configured", () =>
      through(async (proxy) => {
        const seen = JSON.parse((await sendThrough(proxy, "/look", { headers: spoofed })).text);
        assert.deepEqual([seen.ip, seen.tls], ["127.0.0.1", false]);
      }, []));

    it("keeps a session in a Secure cookie and checks the origin the browser saw", () =>
      through(async (proxy, port) => {
        const page = await sendThrough(proxy, "/", { headers: { accept: "text/html" } });
        const cookie = String(page.headers["set-cookie"]);
        assert.match(cookie, /^__Host-gatehouse=[^;]+; Path=\/; HttpOnly; Secure; SameSite=Strict$/);
        assert.match(String(page.headers["strict-transport-security"]), /max-age=31536000/);
        const token = /content="([^"]{40,})"/.exec(page.text)?.[1] ?? "";
        const add = (origin: string): Promise<Answer> =>
          sendThrough(proxy, "/add", {
            method: "POST",
            body: '{"amount":1}',
            headers: {
              "content-type": "application/json",
              cookie: cookie.split(";")[0] ?? "",
              "x-csrf-token": token,
              origin,
            },
          });
        assert.equal((await add(`https://app.example:${port}`)).status, 200);
        assert.equal((await add("https://evil.example")).status, 403);
        assert.equal((await add(`http://app.example:${port}`)).status, 403);
        assert.equal((await add("https://app.example")).status, 403);
      }));

    it("answers bodies beyond its own limit as a problem, and the proxy stops larger ones", () =>
      through(async (proxy) => {
        const post = (size: number): Promise<Answer> =>
          sendThrough(proxy, "/add", {
            method: "POST",
            body: JSON.stringify({ amount: "x".repeat(size) }),
            headers: { "content-type": "application/json" },
          });
        const own = await post(1_200_000);
        assert.equal(own.status, 413);
        assert.equal(JSON.parse(own.text).code, "PAYLOAD_TOO_LARGE");
        assert.ok([413, 502].includes((await post(3_000_000)).status));
      }));

    it("refuses other hosts and addresses with two readings", () =>
      through(async (proxy) => {
        const host = await sendThrough(proxy, "/look", { headers: { host: "evil.example" } });
        assert.ok([404, 421].includes(host.status) || host.text === "", `${host.status} ${host.text}`);
        assert.equal((await sendThrough(proxy, "/x%2f..%2flook")).status, 400);
        assert.equal((await sendThrough(proxy, "/x/%2e%2e/look")).status, 400);
      }));
  });
}
