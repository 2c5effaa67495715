import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { it } from "node:test";
import { describeBrowsers } from "../../../../../test/support/browsers.ts";
import { openLineKit } from "../../testing/line-kit.ts";
import { SIGN_IN_PATH } from "../../testing/sign-in.ts";
import { LINE_PATHS } from "./paths.ts";

/** What a page says of its attempts to open lines at `target`, by kind. */
async function attack(target: string): Promise<Record<string, string>> {
  const connect = JSON.stringify({ id: 1, connect: {} });
  const socket = new Promise<string>((resolve) => {
    const opened = new WebSocket(`${target.replace("http", "ws")}/connection/websocket`, "centrifuge-json");
    opened.onopen = () => opened.send(connect);
    opened.onmessage = ({ data }) => resolve(String(data));
    opened.onclose = ({ code }) => resolve(`closed ${code}`);
  });
  const events = new Promise<string>((resolve) => {
    const query = new URLSearchParams({ cf_connect: connect });
    const opened = new EventSource(`${target}/connection/sse?${query}`, { withCredentials: true });
    opened.onmessage = ({ data }) => {
      opened.close();
      resolve(String(data));
    };
    opened.onerror = () => resolve("error");
  });
  const stream = (mode: "cors" | "no-cors", type: string): Promise<string> =>
    fetch(`${target}/connection/http_stream`, {
      ...{ method: "POST", mode, credentials: "include", body: connect, headers: { "content-type": type } },
    })
      .then(
        async (response) => new TextDecoder().decode((await response.body?.getReader().read())?.value) || response.type,
      )
      .catch(() => "error");
  return {
    socket: await socket,
    events: await events,
    json: await stream("cors", "application/json"),
    simple: await stream("no-cors", "text/plain"),
  };
}

/*
 * A page of another origin on the same site as one where its visitor is signed in: cookies with SameSite=Strict travel with
 * what it sends. It opens a WebSocket, an event stream and an HTTP stream, and would read along as its visitor.
 */
describeBrowsers("Cross-site hijacking by a page", (engine) => {
  it("opens nothing, while the same attempts of the own page do", async () => {
    await using kit = await openLineKit({
      routes: (app) => {
        app.get("/", (context) => context.html("<!doctype html><title>own</title>"));
      },
    });
    const own = kit.url.replace("127.0.0.1", "localhost");
    const shown: string[] = [];
    kit.listening.server.prependListener("upgrade", ({ headers }) => void shown.push(headers.cookie ?? "none"));
    const foreign = createServer((_request, response) => {
      response.setHeader("content-type", "text/html");
      response.end("<!doctype html><title>foreign</title>");
    });
    foreign.listen(0, "127.0.0.1").unref();
    await once(foreign, "listening");
    // A server that listens on a port has an address object.
    const { port } = foreign.address() as AddressInfo;
    const context = await engine.browser.newContext();
    const page = await context.newPage();
    await page.goto(own);
    const signedIn = await page.evaluate(async (path) => {
      const { token } = (await (await fetch("/testing/page")).json()) as { token: string };
      const headers = { "content-type": "application/json", "x-csrf-token": token };
      return (await fetch(path, { method: "POST", headers, body: '{"type":"user","id":"anna"}' })).status;
    }, SIGN_IN_PATH);
    assert.equal(signedIn, 204);

    await page.goto(`http://localhost:${port}/`);
    const refused = await page.evaluate(attack, own);
    assert.deepEqual(refused, { socket: "closed 1006", events: "error", json: "error", simple: "error" });
    assert.equal(kit.connections.length, 0, "nothing was opened");
    assert.match(shown[0] ?? "", /__Host-gatehouse=/, "the cookie came along");
    const codes = kit.setup.events.filter(({ action }) => action === "realtime.open").map(({ problem }) => problem);
    assert.ok(
      codes.length >= 2 && codes.every((code) => code === "ORIGIN_REFUSED" || code === "UNSUPPORTED_MEDIA_TYPE"),
    );

    await page.goto(own);
    const opened = await page.evaluate(attack, own);
    for (const kind of ["socket", "events", "json"]) assert.match(opened[kind] ?? "", /"connect"/, kind);
    const lines = kit.connections.map(({ admitted, transport }) => `${transport.kind} of ${admitted.principal?.id}`);
    assert.deepEqual(lines.sort(), ["http_stream of anna", "sse of anna", "websocket of anna"]);
    await context.close();
  });

  it("leaves a page that asks for a ticket with the reason for a refusal, and opens a line by it", async () => {
    await using kit = await openLineKit({
      lines: { options: { perUser: 1 } },
      routes: (app) => {
        app.get("/", (context) => context.html("<!doctype html><title>own</title>"));
      },
    });
    const own = kit.url.replace("127.0.0.1", "localhost");
    const context = await engine.browser.newContext();
    const page = await context.newPage();
    await page.goto(own);
    const answers = await page.evaluate(
      async ({ ticketPath, socketAddress, signInPath }) => {
        const { token } = (await (await fetch("/testing/page")).json()) as { token: string };
        const post = (path: string, csrfToken: string, body: string): Promise<Response> => {
          const headers = { "content-type": "application/json", "x-csrf-token": csrfToken };
          return fetch(path, { method: "POST", headers, body });
        };
        const signedIn = await post(signInPath, token, '{"type":"user","id":"anna"}');
        const csrfToken = signedIn.headers.get("x-csrf-token") ?? "";
        const { ticket } = (await (await post(ticketPath, csrfToken, "{}")).json()) as { ticket: string };
        const socket = new WebSocket(socketAddress, ["centrifuge-json", `ticket.${ticket}`]);
        const protocol = await new Promise((resolve) => {
          socket.onopen = () => resolve(socket.protocol);
          socket.onclose = () => resolve("closed");
        });
        return [protocol, (await post(ticketPath, csrfToken, "{}")).status];
      },
      {
        ticketPath: LINE_PATHS.ticket,
        socketAddress: own.replace("http", "ws") + LINE_PATHS.websocket,
        signInPath: SIGN_IN_PATH,
      },
    );
    assert.deepEqual(answers, ["centrifuge-json", 429]);
    await context.close();
  });
});
