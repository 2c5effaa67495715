/** Visitors of each of the servers: what their browsers do, without the browsers. */
import { once } from "node:events";
import { connect } from "node:net";
import { WebSocket } from "ws";
import { Connection, fetchOnce } from "./connection.ts";
import { ORIGIN } from "./origin.ts";
import { ROWS } from "./rows.ts";

/** The content that is measured: a button with its number, or a table of which one row changes. */
export type Scenario = "like" | "table";

/** Bytes so far, with what HTTP or the web socket adds. */
export interface Bytes {
  readonly sent: number;
  readonly received: number;
}

/** Somebody with a session and a component of their own. */
export interface Visitor {
  readonly bytes: Bytes;
  /** Acts once, makes sure that the answer shows what is to be shown now, and tells the milliseconds until it was there. */
  act(): Promise<number>;
}

type Arrive = (port: number, scenario: Scenario) => Promise<Visitor>;
type Headers = Readonly<Record<string, string>>;

/** What every browser sends, whatever the server. */
const BROWSER: Headers = {
  "user-agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
  "accept-language": "en-GB,en;q=0.9",
  "accept-encoding": "gzip, deflate, br, zstd",
  "sec-fetch-site": "same-origin",
  "sec-fetch-mode": "cors",
  "sec-fetch-dest": "empty",
};

/** What a visitor votes for, and how many votes it has then. */
class Turns {
  readonly #scenario: Scenario;
  readonly #votes = ROWS.map(({ votes }) => votes);
  #turn = -1;

  constructor(scenario: Scenario) {
    this.#scenario = scenario;
  }

  next(): { readonly row: number; readonly expected: number } {
    this.#turn += 1;
    if (this.#scenario === "like") return { row: 0, expected: this.#turn + 1 };
    const row = (this.#turn * 7) % ROWS.length;
    const expected = (this.#votes[row] ?? 0) + 1;
    this.#votes[row] = expected;
    return { row, expected };
  }
}

function makeSure(shown: boolean, text: string): void {
  if (!shown) throw new Error(`An answer does not show what has changed: ${text.slice(0, 500)}`);
}

function post(path: string, body: string, headers: Headers): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `POST ${path} HTTP/1.1\r\n${lines.join("")}content-length: ${body.length}\r\n\r\n${body}`;
}

function part(text: string, pattern: RegExp): string {
  const found = pattern.exec(text)?.[1];
  if (found === undefined) throw new Error(`A page lacks ${String(pattern)}: ${text.slice(0, 500)}`);
  return found;
}

/** htmx posts the button's name and value, and puts what comes back in place of the component. */
const arriveAtFragments: Arrive = async (port, scenario) => {
  const host = { host: `localhost:${port}` };
  const { cookie = "" } = await fetchOnce(port, `/${scenario}`, { headers: { ...BROWSER, ...host } });
  const headers = {
    ...host,
    ...BROWSER,
    accept: "text/html",
    "content-type": "application/x-www-form-urlencoded;charset=UTF-8",
    "hx-request": "true",
    "hx-current-url": `http://localhost:${port}/${scenario}`,
    "hx-target": scenario === "like" ? "div#like" : "table#table",
    "hx-source": "button",
    origin: `http://localhost:${port}`,
    referer: `http://localhost:${port}/${scenario}`,
    cookie,
  };
  const connection = new Connection(port);
  const turns = new Turns(scenario);
  return {
    bytes: connection,
    async act() {
      const { row, expected } = turns.next();
      const body = scenario === "like" ? "" : `row=${row}`;
      const { time, text } = await connection.exchange(post(`/${scenario}`, body, headers));
      makeSure(text.includes(`<output>${expected}</output>`), text);
      return time;
    },
  };
};

/** What the answer to an action says. */
interface LiveAnswer {
  readonly csrf_token: string;
  readonly content_tag: string;
  readonly version: number;
  readonly seed?: string;
  readonly html?: string;
  readonly patch?: readonly (readonly [number, number, string])[];
}

/** Gatehouse's browser client keeps the newest token, version, tag, content and, in mode `sealed`, state. */
class GuardedVisitor implements Visitor {
  readonly bytes: Connection;
  readonly #scenario: Scenario;
  readonly #headers: Headers;
  readonly #turns: Turns;
  #token: string;
  #version = 0;
  #tag: string | undefined;
  #seed: string | undefined;
  #html = "";

  constructor(
    port: number,
    scenario: Scenario,
    { page, headers }: { readonly page: string; readonly headers: Headers },
  ) {
    this.bytes = new Connection(port);
    this.#scenario = scenario;
    this.#headers = { ...headers, accept: "application/json", "content-type": "application/json" };
    this.#turns = new Turns(scenario);
    this.#token = part(page, /<meta name="csrf-token" content="([^"]+)"/);
    this.#seed = part(page, /data-live-seed="([^"]+)"/);
  }

  async act(): Promise<number> {
    const { row, expected } = this.#turns.next();
    const body = JSON.stringify({
      component_id: `${this.#scenario}:main`,
      base_version: this.#version,
      base_tag: this.#tag,
      seed: this.#seed,
      ...(this.#scenario === "like" ? { action: "like", params: {} } : { action: "vote", params: { row } }),
      idempotency_key: crypto.randomUUID(),
    });
    const headers = { ...this.#headers, "x-csrf-token": this.#token };
    const { time, text } = await this.bytes.exchange(post("/api/livecomponents/action", body, headers));
    this.#take(JSON.parse(text) as LiveAnswer);
    makeSure(this.#html.includes(`<output>${expected}</output>`), text);
    return time;
  }

  #take({ csrf_token, content_tag, version, seed, html, patch = [] }: LiveAnswer): void {
    this.#token = csrf_token;
    this.#tag = content_tag;
    this.#version = version;
    this.#seed = seed;
    const before = this.#html;
    let position = 0;
    let after = "";
    for (const [start, length, text] of patch) {
      after += before.slice(position, start) + text;
      position = start + length;
    }
    this.#html = html ?? after + before.slice(position);
  }
}

let visitors = 0;

const arriveGuarded: Arrive = async (port, scenario) => {
  const headers = {
    host: new URL(ORIGIN).host,
    "x-forwarded-for": "203.0.113.7",
    "x-forwarded-proto": "https",
    ...BROWSER,
    origin: ORIGIN,
    referer: `${ORIGIN}/${scenario}`,
  };
  const json = { ...headers, accept: "application/json", "content-type": "application/json" };
  const first = await fetchOnce(port, "/api/csrf/refresh", { headers: json });
  const token: string = JSON.parse(first.text).csrf_token;
  const body = JSON.stringify({ id: `visitor-${(visitors += 1)}` });
  const guest = { ...json, cookie: first.cookie ?? "", "x-csrf-token": token };
  const { cookie = "" } = await fetchOnce(port, "/sign-in", { headers: guest, body });
  const { text: page } = await fetchOnce(port, `/${scenario}`, { headers: { ...headers, cookie } });
  return new GuardedVisitor(port, scenario, { page, headers: { ...headers, cookie } });
};

/** Milliseconds between the heartbeats of Phoenix's client. */
const HEARTBEAT = 30_000;

/** Phoenix's client joins a view over a web socket, then sends events and gets what has changed in the values. */
const arriveAtView: Arrive = async (port, scenario) => {
  const address = `http://localhost:${port}/${scenario}`;
  const { text: page, cookie = "" } = await fetchOnce(port, `/${scenario}`, { headers: BROWSER });
  const token = part(page, /<meta name="csrf-token" content="([^"]+)"/);
  const topic = `lv:${part(page, /id="(phx-[^"]+)"/)}`;
  const connection = connect(port, "127.0.0.1");
  const url = `ws://localhost:${port}/live/websocket?_csrf_token=${token}&_mounts=0&vsn=2.0.0`;
  const socket = new WebSocket(url, {
    headers: { cookie, origin: `http://localhost:${port}` },
    perMessageDeflate: false,
    createConnection: () => connection.setNoDelay(true),
  });
  await once(socket, "open");
  let receive: (text: string) => void = () => undefined;
  let number = 1;
  socket.on("message", (data: Buffer) => {
    const text = data.latin1Slice();
    if (!text.includes('"phoenix"')) receive(text);
  });
  const send = async (event: string, payload: object): Promise<{ readonly time: number; readonly text: string }> => {
    const { promise, resolve } = Promise.withResolvers<string>();
    receive = resolve;
    number += 1;
    const began = performance.now();
    socket.send(JSON.stringify(["4", String(number), topic, event, payload]));
    const text = await promise;
    return { time: performance.now() - began, text };
  };
  const joining = { url: address, params: { _csrf_token: token, _mounts: 0 }, static: "" };
  const joined = await send("phx_join", { ...joining, session: part(page, /data-phx-session="([^"]+)"/) });
  makeSure(joined.text.includes('"status":"ok"'), joined.text);
  setInterval(() => socket.send(JSON.stringify([null, "1", "phoenix", "heartbeat", {}])), HEARTBEAT).unref();
  const before = { sent: connection.bytesWritten, received: connection.bytesRead };
  const turns = new Turns(scenario);
  return {
    get bytes() {
      const { bytesWritten, bytesRead } = connection;
      return { sent: bytesWritten - before.sent, received: bytesRead - before.received };
    },
    async act() {
      const { row, expected } = turns.next();
      const [event, value] = scenario === "like" ? ["like", {}] : ["vote", { row: String(row) }];
      const { time, text } = await send("event", { type: "click", event, value: { ...value, value: "" } });
      makeSure(text.includes(`"${expected}"`), text);
      return time;
    },
  };
};

/** How visitors of each server arrive. */
export const ARRIVALS = {
  hono: arriveAtFragments,
  liveviewjs: arriveAtView,
  gatehouse: arriveGuarded,
  "gatehouse-sealed": arriveGuarded,
} as const;

/** One of the servers. */
export type Variant = keyof typeof ARRIVALS;
