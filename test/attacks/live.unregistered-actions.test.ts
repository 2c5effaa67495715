// A visitor calls what no component declares: methods that every object inherits, members of the component itself,
// actions of other components and of the gate. A look-up that follows prototypes would find something to run.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { z } from "zod";
import { html } from "gatehouse/html";
import { live } from "gatehouse/live";
import { openLiveKit, type LiveKit, type LiveVisitor } from "gatehouse/testing";

const door = live("door", {
  state: z.object({ open: z.boolean() }),
  mount: () => ({ open: false }),
  actions: (action) => ({
    knock: action({ authorise: "public", rateLimit: 10_000 }, ({ state }) => state),
  }),
  render: ({ state, act }) => html`<button ${act.knock()}>${state.open ? "open" : "shut"}</button>`,
});
const vault = live("vault", {
  state: z.object({ open: z.boolean() }),
  mount: () => ({ open: false }),
  actions: (action) => ({ unlock: action({ authorise: () => false, anonymous: true }, () => ({ open: true })) }),
  render: () => html`<p>Vault</p>`,
});

const INHERITED = [
  ...Object.getOwnPropertyNames(Object.prototype),
  ...Object.getOwnPropertyNames(Function.prototype),
  ...Object.getOwnPropertyNames(Array.prototype).filter((name) => name !== "length"),
  ...["prototype", "then", "catch", "toJSON", "inspect", "next", "return", "default", "require", "process"],
];
const MEMBERS = ["mount", "render", "actions", "state", "props", "secret", "listeners", "name", "run", "options"];
const OTHERS = ["unlock", "load", "KNOCK", "Knock", "knock_", "_knock", "knock2"];
const UNGRAMMATICAL = [
  "",
  "knock()",
  "door.knock",
  "live.load",
  "knock\n",
  " knock",
  "knock;unlock",
  "k-nock",
  "k\u00f6ck",
];

async function call(visitor: LiveVisitor, componentId: unknown, action: unknown, how: "json" | "form") {
  const token = visitor.csrfToken;
  const sent = { component_id: componentId, action, _csrf_token: token };
  const form = (): URLSearchParams =>
    new URLSearchParams({ _component_id: String(componentId), _action: String(action), _csrf_token: token });
  const response = await visitor.request("/api/livecomponents/action", {
    method: "POST",
    headers: { accept: "application/json", ...(how === "json" ? { "content-type": "application/json" } : {}) },
    body: how === "json" ? JSON.stringify(sent) : form(),
  });
  const text = await response.text();
  return { status: response.status, code: text === "" ? "" : String(JSON.parse(text).code) };
}

async function withKit(work: (kit: LiveKit, visitor: LiveVisitor) => Promise<void>): Promise<void> {
  await using kit = await openLiveKit({ components: [door, vault] });
  await work(kit, await kit.visit());
  assert.deepEqual(kit.errors, []);
}

describe("actions that a component does not declare", () => {
  for (const how of ["json", "form"] as const) {
    it(`are not found, whatever objects inherit, as ${how}`, () =>
      withKit(async (kit, visitor) => {
        for (const name of [...INHERITED, ...MEMBERS, ...OTHERS]) {
          const expected = { status: 404, code: "ACTION_NOT_FOUND" };
          assert.deepEqual(await call(visitor, "door:main", name, how), expected, name);
          kit.resetLimits();
        }
      }));

    it(`are malformed where they are no names, as ${how}`, () =>
      withKit(async (_kit, visitor) => {
        for (const name of UNGRAMMATICAL) {
          // A form's button carries parameters after a space.
          if (how === "form" && name.trim() !== name) continue;
          const expected = { status: 400, code: "MALFORMED_REQUEST" };
          assert.deepEqual(await call(visitor, "door:main", name, how), expected, JSON.stringify(name));
        }
      }));

    it(`are not found on components that nobody registered, as ${how}`, () =>
      withKit(async (_kit, visitor) => {
        const names = [
          "__proto__",
          "constructor",
          "prototype",
          "live",
          "door-",
          "_door",
          "0",
          "toString".toLowerCase(),
        ];
        for (const name of names) {
          const expected = { status: 404, code: "COMPONENT_NOT_FOUND" };
          assert.deepEqual(await call(visitor, `${name}:main`, "knock", how), expected, name);
        }
      }));
  }

  it("are not reached by names that are no texts", () =>
    withKit(async (_kit, visitor) => {
      for (const name of [null, 0, true, ["knock"], { toString: "knock" }, { 0: "knock", length: 1 }]) {
        assert.equal((await call(visitor, "door:main", name, "json")).status, 400, JSON.stringify(name));
        assert.equal((await call(visitor, name, "knock", "json")).status, 400, JSON.stringify(name));
      }
    }));

  it("are told of in events, and cannot be guessed without end", () =>
    withKit(async (kit, visitor) => {
      await call(visitor, "door:main", "constructor", "json");
      assert.deepEqual(
        kit.events.map(({ outcome }) => outcome),
        ["denied"],
      );
      for (let guesses = 1; guesses < 60; guesses += 1) await call(visitor, "door:main", `guess_${guesses}`, "json");
      const beyond = { status: 429, code: "RATE_LIMIT_EXCEEDED" };
      assert.deepEqual(await call(visitor, "door:main", "unlock", "json"), beyond);
    }));
});
