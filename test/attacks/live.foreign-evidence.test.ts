// A visitor shows what belongs to somebody or something else: the security token of another session, the sealed state of
// another visitor, component or instance, or their own from before. Each is genuine, and none is good for this request.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { z } from "zod";
import { html } from "gatehouse/html";
import { live, liveEvent, reply, type StateMode } from "gatehouse/live";
import { openLiveKit, type LiveKit, type LiveVisitor } from "gatehouse/testing";

const paid = liveEvent<number>("account.paid");

function accountOf(name: string, mode: StateMode) {
  return live(name, {
    mode,
    state: z.object({ balance: z.int() }),
    emits: [paid],
    mount: ({ previous }) => previous ?? { balance: 100 },
    actions: (action) => ({
      pay: action({ authorise: "public", rateLimit: 10_000 }, ({ state }) =>
        reply({ state: { balance: state.balance - 60 }, emit: [paid(60)] }),
      ),
      look: action({ authorise: "public", rateLimit: 10_000, commutes: true }, () => undefined),
    }),
    on: (on) => (mode === "none" ? [] : [on(paid, ({ state }, amount) => ({ balance: state.balance + amount }))]),
    render: ({ state }) => html`<p>${state.balance}</p>`,
  });
}

const COMPONENTS = [accountOf("kept", "store"), accountOf("carried", "sealed"), accountOf("derived", "none")];
const NAMES = COMPONENTS.map(({ name }) => name);

interface Shown {
  readonly component_id: string;
  readonly base_version: number;
  readonly seed: string;
}

async function open(visitor: LiveVisitor, name: string): Promise<Shown> {
  const page = await (await visitor.request("/")).text();
  const pattern = new RegExp(`data-live="(${name}:[^"]+)"\\s+data-live-version="(\\d+)"\\s+data-live-seed="([^"]+)"`);
  const [, id = "", version = "", seed = ""] = pattern.exec(page) ?? [];
  assert.notEqual(id, "", page);
  return { component_id: id, base_version: Number(version), seed };
}

async function post(visitor: LiveVisitor, path: string, body: object, token: string | undefined = visitor.csrfToken) {
  const headers = { "content-type": "application/json", accept: "application/json" };
  const sent = JSON.stringify(token === "" ? body : { ...body, _csrf_token: token });
  const response = await visitor.request(`/api/livecomponents/${path}`, { method: "POST", headers, body: sent });
  // oxlint-disable-next-line typescript/no-explicit-any -- the test looks into answers of any shape
  const answer: any = await response.json();
  return { status: response.status, ...answer };
}

/** Two visitors, and a kit without errors. */
async function withVisitors(work: (kit: LiveKit, ada: LiveVisitor, eve: LiveVisitor) => Promise<void>): Promise<void> {
  await using kit = await openLiveKit({ components: COMPONENTS });
  await work(kit, await kit.visit(), await kit.visit());
  assert.deepEqual(kit.errors, []);
}

describe("the security token of another session", () => {
  it("is refused for actions, forms and loading, in the body and in the header, and noticed", () =>
    withVisitors(async (kit, ada, eve) => {
      const shown = await open(ada, "kept");
      const form = { _component_id: shown.component_id, _action: "pay", _seed: shown.seed };
      const attempts: (() => Promise<Response>)[] = [
        () => send(ada, "action", JSON.stringify({ ...shown, action: "pay", _csrf_token: eve.csrfToken })),
        () => send(ada, "action", JSON.stringify({ ...shown, action: "pay" }), { "x-csrf-token": eve.csrfToken }),
        () => send(ada, "load", JSON.stringify({ components: [shown], _csrf_token: eve.csrfToken })),
        () => send(ada, "load", JSON.stringify({ components: [shown] }), { "x-csrf-token": eve.csrfToken }),
        () => send(ada, "action", new URLSearchParams({ ...form, _csrf_token: eve.csrfToken })),
        () => send(ada, "action", JSON.stringify({ ...shown, action: "pay" })),
        () => send(ada, "action", JSON.stringify({ ...shown, action: "pay", _csrf_token: "" })),
      ];
      for (const attempt of attempts) {
        kit.events.length = 0;
        const response = await attempt();
        const text = await response.text();
        assert.equal(response.status, 403, text);
        assert.partialDeepStrictEqual(JSON.parse(text), { code: "CSRF_TOKEN_INVALID" });
        assert.deepEqual(
          kit.events.map(({ name }) => name),
          ["malicious_csrf"],
        );
        assert.ok(!JSON.stringify(kit.events).includes(eve.csrfToken.slice(0, 8)), "nor is it repeated in the event");
      }
      assert.equal((await post(ada, "action", { ...shown, action: "look" })).state.balance, 100);
    }));

  it("does not work with a piece of one's own, nor with one that was changed", () =>
    withVisitors(async (_kit, ada, eve) => {
      const shown = await open(ada, "kept");
      const [own, other] = [ada.csrfToken, eve.csrfToken];
      const half = Math.floor(own.length / 2);
      const mixed = [own.slice(0, half) + other.slice(half), other.slice(0, half) + own.slice(half), own.slice(0, -1)];
      for (const token of [...mixed, `${own}A`, ` ${own} x`, own.toUpperCase(), [...own].toReversed().join("")]) {
        const answer = await post(ada, "action", { ...shown, action: "pay" }, token);
        assert.deepEqual([answer.status, answer.code], [403, "CSRF_TOKEN_INVALID"], token);
      }
    }));
});

function send(
  visitor: LiveVisitor,
  path: string,
  body: string | URLSearchParams,
  more: Readonly<Record<string, string>> = {},
): Promise<Response> {
  const type: Record<string, string> = typeof body === "string" ? { "content-type": "application/json" } : {};
  const headers = { accept: "application/json", ...type, ...more };
  return visitor.request(`/api/livecomponents/${path}`, { method: "POST", headers, body });
}

describe("the sealed state of something else", () => {
  for (const name of NAMES) {
    it(`is refused at an action, and noticed: of another visitor, component or instance (${name})`, () =>
      withVisitors(async (kit, ada, eve) => {
        const own = await open(eve, name);
        const other = NAMES.find((candidate) => candidate !== name) ?? "";
        const swaps = [
          { ...own, seed: (await open(ada, name)).seed },
          { ...own, seed: (await open(eve, other)).seed },
          { ...own, component_id: `${name}:elsewhere` },
          { ...own, component_id: `${name}:main.0123456789abcdef` },
          { ...own, seed: own.seed.slice(0, -4) },
          { ...own, seed: "" },
          { ...own, seed: Buffer.from(JSON.stringify({ base: 0, state: { balance: 1e6 }, at: 0 })).toString("base64") },
        ];
        for (const swap of swaps) {
          kit.events.length = 0;
          const answer = await post(eve, "action", { ...swap, action: "look" });
          assert.deepEqual([answer.status, answer.code], [409, "STATE_INVALID"], JSON.stringify(swap));
          assert.deepEqual(
            kit.events.map(({ name: event }) => event),
            ["crypt_decrypt_fail"],
          );
        }
      }));

    it(`is gone when it is loaded, and hears nothing as another component, and is noticed (${name})`, () =>
      withVisitors(async (kit, ada, eve) => {
        const stolen = await open(ada, name);
        kit.events.length = 0;
        const loaded = await post(eve, "load", { components: [stolen] });
        assert.deepEqual(loaded.components, [{ component_id: stolen.component_id, gone: true }]);
        assert.partialDeepStrictEqual(kit.events, [
          {
            ...{ name: "crypt_decrypt_fail", outcome: "denied", problem: "STATE_INVALID", action: "live.load" },
            context: { what: "seed", component: name, instance: "main" },
          },
        ]);
        assert.equal(kit.events.length, 1);
        const acting = NAMES.find((candidate) => candidate !== name) ?? "";
        const own = await open(eve, acting);
        kit.events.length = 0;
        const answer = await post(eve, "action", { ...own, action: "pay", others: [stolen] });
        assert.equal(answer.status, 200, JSON.stringify(answer));
        assert.equal(answer.components, undefined);
        const noticed = kit.events.filter(({ name: event }) => event === "crypt_decrypt_fail");
        // A component without listeners is not even looked at.
        assert.equal(noticed.length, name === "derived" ? 0 : 1);
      }));
  }
});

describe("one's own sealed state from before", () => {
  for (const name of ["kept", "carried"]) {
    it(`is not acted on again, under no version that is named (${name})`, () =>
      withVisitors(async (_kit, ada) => {
        const first = await open(ada, name);
        assert.equal((await post(ada, "action", { ...first, action: "pay" })).state.balance, 40);
        // Who names the current version of what is stored, or none, acts on what is stored.
        const wrong = name === "kept" ? [0, 2, 1_000_000] : [0, 1, 2, 1_000_000, undefined];
        for (const base_version of wrong) {
          const answer = await post(ada, "action", { ...first, base_version, action: "pay" });
          assert.deepEqual([answer.status, answer.code], [409, "STATE_CONFLICT"], `${base_version}`);
        }
        const current = await post(ada, "action", { ...first, base_version: 1, action: "pay" });
        if (name === "kept") assert.deepEqual([current.status, current.state], [200, { balance: -20 }]);
        else assert.equal(current.status, 409);
      }));

    it(`hears nothing as another component of a page (${name})`, () =>
      withVisitors(async (_kit, ada) => {
        const first = await open(ada, name);
        const paidOnce = await post(ada, "action", { ...first, action: "pay" });
        const acting = await open(ada, "derived");
        const answer = await post(ada, "action", { ...acting, action: "pay", others: [first] });
        assert.equal(answer.status, 200, JSON.stringify(answer));
        // What is stored hears it as it is now; what the page alone has, and has no more, does not.
        const balances = (answer.components ?? []).map(({ state }: { state: { balance: number } }) => state.balance);
        assert.deepEqual(balances, name === "kept" ? [paidOnce.state.balance + 60] : []);
      }));
  }
});
