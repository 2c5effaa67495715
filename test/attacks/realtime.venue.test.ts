// Two hundred guests of a wedding look at the wall of photos at the same moment, all from the address of the venue, and
// so does somebody who opens connections there as fast as the server answers. A limit by address would keep the guests
// out or let the flood in.
import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it } from "node:test";
import { WebSocket } from "ws";
import { drillTimeout, Report } from "../faults/drill.ts";
import { startSite } from "../support/browser.ts";
import { Client } from "../support/client.ts";
import { operate } from "../support/gallery-people.ts";
import type { ServerProcess } from "../support/server-process.ts";

const GUESTS = 200;
/** `realtime.lines.opening`: openings of strangers at one address in a minute. */
const OPENINGS = 30;
const VENUE = { "x-forwarded-for": "198.51.100.7" };
/** Nobody gives up because the machine is busy. */
const PATIENCE = { timeout: 110_000 };
const AS_A_PAGE = { ...PATIENCE, headers: { accept: "text/html" } };

async function invite(server: ServerProcess): Promise<string> {
  const { tokens } = (await operate(server, "join-tokens.list", {})) as { tokens: { collection: string }[] };
  const collection = tokens[0]?.collection ?? "";
  const made = await operate(server, "join-tokens.create", { collection, label: "Tables" });
  return (made as { path: string }).path;
}

/** Somebody's answers, and what their connection has said. */
interface Story {
  readonly statuses: readonly number[];
  readonly told: string;
}

/** Opens a connection as a page does, and connects; its first reply, or the status in place of one. */
async function openConnection(url: string, headers: Readonly<Record<string, string>>, ticket?: string) {
  const address = `${url.replace("http", "ws")}/connection/websocket`;
  const protocols = ["centrifuge-json", ...(ticket === undefined ? [] : [`ticket.${ticket}`])];
  const socket = new WebSocket(address, protocols, { headers });
  const refused = once(socket, "unexpected-response").then(([, answer]) => String(answer.statusCode));
  const opened = once(socket, "open").then(async () => {
    socket.send(JSON.stringify({ id: 1, connect: {} }));
    const [reply] = await once(socket, "message");
    return String(reply);
  });
  socket.on("error", () => {});
  const told = await Promise.race([opened, refused]);
  socket.close();
  return told;
}

/** A guest who comes in, and whose page opens a connection. */
async function look({ url }: ServerProcess, path: string): Promise<Story> {
  using phone = new Client({ url, headers: VENUE });
  const join = await phone.open(path, PATIENCE);
  const token = /name="_csrf_token" value="([^"]+)"/.exec(join.text)?.[1] ?? "";
  const entered = await phone.post(path, new URLSearchParams({ _csrf_token: token }), AS_A_PAGE);
  const album = await phone.open("/events/anna-and-ben", PATIENCE);
  const asked = { ...PATIENCE, headers: { "x-csrf-token": phone.token } };
  const ticket = await phone.post("/connection/ticket", {}, asked);
  const cookie = [...phone.cookies].map((pair) => pair.join("=")).join("; ");
  const told = await openConnection(url, { ...VENUE, cookie, origin: url }, ticket.json?.ticket);
  return { statuses: [join, entered, album, ticket].map(({ status }) => status), told };
}

/** Opens connections with made-up tickets until told to stop; what it was answered. */
async function flood({ url }: ServerProcess, goesOn: (told: readonly string[]) => boolean): Promise<string[]> {
  const told: string[] = [];
  do told.push(await openConnection(url, { ...VENUE, origin: url }, "A".repeat(43)));
  while (goesOn(told));
  return told;
}

describe("guests at the address of a venue, and one who floods it with connections", () => {
  it("all connect within a minute; the flood is held", { timeout: drillTimeout }, async () => {
    const report = new Report("realtime-venue");
    await using server = await startSite();
    const path = await invite(server);
    // It has begun before the first guest comes, and is not let go on by them.
    const early = await flood(server, (told) => told.at(-1) === "401" && told.length < 100);
    let looking = true;
    const flooding = flood(server, () => looking);
    const began = performance.now();
    const stories = await Promise.all(Array.from({ length: GUESTS }, () => look(server, path))).finally(
      () => (looking = false),
    );
    const elapsed = performance.now() - began;
    const tried = [...early, ...(await flooding)];
    for (const { statuses, told } of stories) {
      assert.ok(
        statuses.every((status) => status < 400),
        statuses.join(),
      );
      assert.match(told, /"connect":\{"client":/);
    }
    const minutes = Math.ceil(elapsed / 60_000);
    const judged = tried.filter((status) => status === "401").length;
    assert.ok(judged <= OPENINGS * (minutes + 1), `${judged} tickets were looked at`);
    assert.ok(
      tried.every((status) => status === "401" || status === "403" || status === "429"),
      [...new Set(tried)].join(),
    );
    assert.deepEqual(server.exceptions, []);
    report.summary({
      "guests, connected after (s)": `${GUESTS}, ${(elapsed / 1000).toFixed(1)}`,
      "openings of the flood, of them looked at": `${tried.length}, ${judged}`,
    });
  });
});
