import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { upgrade } from "../../testing/line-client.ts";
import { GOOD_TOKEN, openLineKit } from "../../testing/line-kit.ts";

const json = { "content-type": "application/json" };
const CONNECT = JSON.stringify({ id: 1, connect: {} });

/*
 * A foreign page opens a WebSocket, or an event stream, to a site at which its visitor is signed in: browsers attach the
 * cookies, and the same-origin policy does not apply. The page would act, and read along, as its visitor.
 */
describe("Cross-site hijacking of lines", () => {
  it("is refused whatever origin looks like the own one", async () => {
    await using kit = await openLineKit();
    const { cookie } = await kit.signIn("anna");
    const own = new URL(kit.url);
    const foreign = [
      "null",
      "https://evil.example",
      `http://evil.${own.host}`,
      `${kit.url}.evil.example`,
      `${kit.url}0`,
      `http://${own.hostname}`,
      kit.url.replace("http:", "https:"),
      `${kit.url}/`,
      kit.url.toUpperCase(),
      `${kit.url}, https://evil.example`,
    ];
    for (const origin of foreign) {
      await using answer = await upgrade(kit.port, { headers: { cookie, origin } });
      assert.ok(
        answer.status === 403 || (answer.status === 400 && origin.includes(",")),
        `${origin}: ${answer.status}`,
      );
      assert.match(answer.body, /ORIGIN_REFUSED|MALFORMED_REQUEST/);
    }
    await using twice = await upgrade(kit.port, {
      headers: { cookie, origin: kit.url },
      lines: ["Origin: https://evil.example"],
    });
    assert.notEqual(twice.status, 101);
    assert.equal(kit.connections.length, 0);
    await using again = await upgrade(kit.port, { headers: { cookie, origin: kit.url } });
    assert.equal(again.status, 101);
  });

  it("is refused on streams, tickets and commands", async () => {
    await using kit = await openLineKit();
    const { cookie, csrfToken } = await kit.signIn("anna");
    const headers = { ...json, cookie, origin: "https://evil.example", "x-csrf-token": csrfToken };
    const query = new URLSearchParams({ cf_connect: CONNECT });
    const answers = [
      await fetch(`${kit.url}/connection/http_stream`, { method: "POST", headers, body: CONNECT }),
      await fetch(`${kit.url}/connection/sse?${query}`, { headers }),
      await fetch(`${kit.url}/connection/ticket`, { method: "POST", headers, body: "{}" }),
      await fetch(`${kit.url}/emulation`, {
        method: "POST",
        headers,
        body: JSON.stringify({ session: "s", node: "node-1", data: "{}" }),
      }),
    ];
    assert.deepEqual(
      answers.map(({ status }) => status),
      [403, 403, 403, 403],
    );
    // A form needs no permission to be sent; its type is not one that is read.
    const form = { cookie, origin: kit.url, "content-type": "text/plain" };
    const posted = await fetch(`${kit.url}/connection/http_stream`, { method: "POST", headers: form, body: CONNECT });
    assert.equal(posted.status, 415);
  });

  it("cannot be had by leaving the origin out, as far as cookies are the credential", async () => {
    await using kit = await openLineKit();
    const { cookie } = await kit.signIn("anna");
    const query = new URLSearchParams({ cf_connect: CONNECT });
    await using byCookie = await upgrade(kit.port, { headers: { cookie } });
    assert.equal(byCookie.status, 403);
    assert.equal((await fetch(`${kit.url}/connection/sse?${query}`, { headers: { cookie } })).status, 403);
    await using byToken = await upgrade(kit.port, { headers: { authorization: `Bearer ${GOOD_TOKEN}` } });
    assert.equal(byToken.status, 101);
    await using bare = await upgrade(kit.port);
    assert.equal(bare.status, 101);
  });

  it("is refused with a token and without any credential, too, where a page does it", async () => {
    await using kit = await openLineKit();
    const origin = "https://evil.example";
    for (const headers of [{ origin }, { origin, authorization: `Bearer ${GOOD_TOKEN}` }]) {
      await using answer = await upgrade(kit.port, { headers });
      assert.equal(answer.status, 403);
    }
  });

  it("is recorded", async () => {
    await using kit = await openLineKit();
    await using refused = await upgrade(kit.port, { headers: { origin: "https://evil.example" } });
    assert.equal(refused.status, 403);
    const [event] = kit.setup.events.filter(({ action }) => action === "realtime.open");
    assert.deepEqual(
      [event?.name, event?.source.entrance, event?.outcome],
      ["malicious_cross_origin", "realtime", "denied"],
    );
  });
});
