// A stranger behind the address of an office gets that address banned, on purpose, to lock out everybody who works
// there. Who has signed in is told apart from the stranger by the session, and goes on working.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { z } from "zod";
import { defineAction } from "gatehouse/kernel";
import { openGuarded, SIGN_IN, type GuardedServer } from "../support/guarded-server.ts";
import { eventually } from "../support/workshop.ts";

const ORIGIN = "http://localhost:8080";
const OFFICE = "203.0.113.7";

const work = defineAction({
  name: "office.work",
  entrances: ["http"],
  effects: "store",
  authorise: ({ principal }) => principal.type === "user",
  input: z.strictObject({}),
  run: () => Promise.resolve({}),
});
const guess = defineAction({
  name: "office.guess",
  entrances: ["http"],
  effects: "store",
  authorise: "public",
  idempotency: false,
  input: z.strictObject({}),
  limits: [{ name: "guesses", by: ["ip"], rule: { kind: "window", limit: 1, window: 60_000 } }],
  run: () => Promise.resolve({}),
});

let server: GuardedServer;

before(async () => {
  server = await openGuarded(
    ({ edge }) => ({
      actions: [work, guess],
      routes: (app) => app.post("/work", edge.action(work)).post("/guess", edge.action(guess)),
    }),
    { punishing: true },
  );
});
after(() => server[Symbol.asyncDispose]());

/** Somebody with a browser behind an address. */
class Visitor {
  readonly #ip: string;
  #cookie = "";
  #token = "";

  constructor(ip: string) {
    this.#ip = ip;
  }

  async #send(path: string, init: RequestInit): Promise<Response> {
    const headers = { accept: "application/json", "sec-fetch-site": "same-origin", cookie: this.#cookie };
    const request = new Request(ORIGIN + path, { ...init, headers: { ...headers, ...init.headers } });
    const answer = await server.gatehouse.handler(request, { address: this.#ip, encrypted: false });
    this.#cookie = answer.headers.get("set-cookie")?.split(";")[0] ?? this.#cookie;
    return answer;
  }

  /** Opens a page: a session and its token. */
  async arrive(): Promise<this> {
    const answer = await this.#send("/api/csrf/refresh", {});
    const { csrf_token: token } = await documentOf(answer);
    this.#token = String(token);
    return this;
  }

  async signIn(user: string): Promise<this> {
    assert.equal(await this.post(SIGN_IN, { user }), "200");
    return this.arrive();
  }

  /** The code of the refusal, or the status. */
  async post(path: string, body: object = {}, headers: Readonly<Record<string, string>> = {}): Promise<string> {
    const fields = { "content-type": "application/json", "x-csrf-token": this.#token, origin: ORIGIN, ...headers };
    const answer = await this.#send(path, { method: "POST", body: JSON.stringify(body), headers: fields });
    const { code } = await documentOf(answer);
    return typeof code === "string" ? code : String(answer.status);
  }
}

async function documentOf(answer: Response): Promise<Readonly<Record<string, unknown>>> {
  return JSON.parse(await answer.text());
}

/** Somebody without a browser, who has kept no cookie. */
function bare(path: string, ip: string): Promise<Response> {
  const headers = { accept: "application/json", "content-type": "application/json" };
  const request = new Request(ORIGIN + path, { method: "POST", body: "{}", headers });
  return Promise.resolve(server.gatehouse.handler(request, { address: ip, encrypted: false }));
}

function bansOf(address: string) {
  return server.gatehouse.services.bans.list().filter(({ subject }) => subject.value === address);
}

/** Violates the limit of guesses until the address is banned from the entrance. */
async function getBanned(stranger: Visitor, address: string): Promise<void> {
  for (let count = 0; count < 4; count += 1) await stranger.post("/guess");
  await eventually(() => bansOf(address)[0], "the address is banned");
}

describe("a stranger who gets the address of an office banned", () => {
  it("shuts out the strangers behind it, with a session or without, and nobody who is signed in", async () => {
    const ada = await (await new Visitor(OFFICE).arrive()).signIn("ada");
    const stranger = await new Visitor(OFFICE).arrive();
    await getBanned(stranger, OFFICE);
    assert.equal(await stranger.post("/guess"), "SOURCE_BANNED");
    assert.equal(await (await new Visitor(OFFICE).arrive()).post("/guess"), "SOURCE_BANNED");
    assert.equal((await documentOf(await bare("/guess", OFFICE)))["code"], "SOURCE_BANNED");
    assert.equal(await ada.post("/work"), "200");
  });

  it("does not get it banned altogether by going on, with what is refused before anybody is known", async () => {
    const address = "203.0.113.8";
    const ada = await (await new Visitor(address).arrive()).signIn("ada");
    const stranger = await new Visitor(address).arrive();
    await getBanned(stranger, address);
    // Not a page of ours, as far as anybody can tell: such violations count.
    const forged = { "x-csrf-token": "wrong", "sec-fetch-site": "none", origin: ORIGIN };
    for (let count = 0; count < 20; count += 1) {
      assert.equal(await stranger.post("/guess", {}, forged), "CSRF_TOKEN_INVALID");
      await server.clock.advance(10);
    }
    const [ban] = bansOf(address);
    assert.deepEqual([ban?.entrance, ban?.violations], ["http", 3]);
    assert.equal(await ada.post("/work"), "200");
  });

  it("is refused with everybody else once it is banned altogether", async () => {
    const address = "203.0.113.9";
    const ada = await (await new Visitor(address).arrive()).signIn("ada");
    const ban = { subject: { kind: "ip", value: address }, reason: "test", violations: 10, duration: 60_000 } as const;
    await server.gatehouse.services.bans.add(ban);
    assert.equal(await ada.post("/work"), "SOURCE_BANNED");
  });
});
