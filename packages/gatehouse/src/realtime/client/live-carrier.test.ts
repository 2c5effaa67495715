import { rejects } from "node:assert/strict";
import { it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { Centrifuge } from "centrifuge";
import { startRealtimeSite } from "../../testing/realtime-site.ts";
import { LiveCarrier } from "./live-carrier.ts";

it("news that were asked for when the connection ended are given up, and not waited for for ever", async () => {
  await using site = await startRealtimeSite();
  const endpoint = site.origin.replace("http", "ws");
  const client = new Centrifuge(`${endpoint}/connection/websocket`, {
    websocket: WebSocket,
    getToken: () => Promise.resolve("user-ada"),
  });
  const connected = new Promise((resolve) => client.once("connected", resolve));
  client.connect();
  await connected;
  const carrier = new LiveCarrier(client, new EventTarget());
  const news = carrier.follow({}, () => undefined, new AbortController().signal);
  client.disconnect();
  await rejects(Promise.race([news, delay(20_000)]), /did not begin/);
});
