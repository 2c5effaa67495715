import assert from "node:assert/strict";
import { connect } from "node:net";
import { describe, it } from "node:test";
import { getHeapSpaceStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Hono } from "hono";
import { z } from "zod";
import { defineAction } from "../kernel/action.ts";
import { openEdgeSetup } from "../testing/edge-setup.ts";
import { listen } from "./server.ts";

const note = defineAction({
  name: "note.write",
  entrances: ["http"],
  authorise: "public",
  effects: "store",
  input: z.strictObject({ text: z.string() }),
  limits: [{ name: "notes", by: ["ip"], rule: { kind: "window", limit: 1_000_000, window: 60_000 } }],
  run: async ({ input }) => ({ length: input.text.length }),
});

const CONNECTIONS = 16;
/** Requests between two collections of young objects: many more than are under way. */
const INTERVAL = 250;
/** The share of those under way, which a collection does move, is about two thirds of it; a whole request is more. */
const MOST_BYTES = 9_000;

setFlagsFromString("--expose-gc");
// The flag puts the function into contexts made from then on.
const collect = runInNewContext("gc") as (options?: { readonly type: "minor" }) => void;

function oldBytes(): number {
  return getHeapSpaceStatistics().find((space) => space.space_name === "old_space")?.space_used_size ?? 0;
}

/** The header fields of a visitor with a session and its token. */
async function visit(url: string): Promise<string> {
  const answer = await fetch(`${url}/token`);
  const cookie = answer.headers.get("set-cookie")?.split(";")[0];
  return `host: localhost\r\nsec-fetch-site: same-origin\r\ncookie: ${cookie}\r\nx-csrf-token: ${await answer.text()}`;
}

/** What is sent: how many requests, and by whom. */
interface Sending {
  readonly port: number;
  readonly visitor: string;
  readonly count: number;
}

/** Sends requests over a few connections, and calls `each` for every answer. */
async function send({ port, visitor, count }: Sending, each: (answered: number) => void): Promise<void> {
  const body = JSON.stringify({ text: "A lovely evening" });
  const fields = `${visitor}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}`;
  let sent = 0;
  let answered = 0;
  const one = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const socket = connect(port, "127.0.0.1").setEncoding("latin1");
      const next = (): void => {
        if (sent === count) return void socket.end();
        sent += 1;
        const key = `idempotency-key: ${crypto.randomUUID()}`;
        socket.write(`POST /notes HTTP/1.1\r\n${fields}\r\n${key}\r\n\r\n${body}`, "latin1");
      };
      socket.on("connect", next);
      socket.on("error", reject);
      socket.on("close", () => resolve());
      socket.on("data", (text: string) => {
        if (!text.startsWith("HTTP/1.1 200 ")) return void socket.destroy(new Error(text));
        each((answered += 1));
        next();
      });
    });
  await Promise.all(Array.from({ length: CONNECTIONS }, one));
}

describe("the memory of requests", () => {
  // What is reachable from a long-lived object when young objects are collected moves to the old ones, and then keeps
  // alive what hangs on it. A closure or an accessor in the wrong place so makes every request cost a full collection.
  it("is mostly free again after the answer, without a full collection", async () => {
    await using setup = await openEdgeSetup({ actions: [note] });
    const { edge } = setup;
    const app = new Hono()
      .get("/token", (context) => context.text(edge.csrfToken(edge.of(context))))
      .post("/notes", edge.action(note));
    await using listening = await listen({ handler: edge.handler(app), port: 0 });
    const collectYoung = (answered: number): void => {
      if (answered % INTERVAL === 0) collect({ type: "minor" });
    };
    const { port } = listening;
    const visitor = await visit(listening.url);
    await send({ port, visitor, count: 2_000 }, collectYoung);
    setup.events.length = 0;
    collect();
    const before = oldBytes();
    await send({ port, visitor, count: 1_000 }, (answered) => {
      setup.events.length = 0;
      collectYoung(answered);
    });
    const kept = (oldBytes() - before) / 1_000;
    assert.ok(kept < MOST_BYTES, `${kept} bytes of each request outlived it`);
  });
});
