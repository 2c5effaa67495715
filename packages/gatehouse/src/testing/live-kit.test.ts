import assert from "node:assert/strict";
import { it } from "node:test";
import { z } from "zod";
import { html } from "../html/html.ts";
import { live } from "../live/component.ts";
import { openLiveKit } from "./live-kit.ts";

const desk = live("desk", {
  state: z.object({ of: z.string() }),
  mount: ({ principal }) => ({ of: `${principal.type}/${principal.id}` }),
  actions: (action) => ({
    look: action({ authorise: ({ principal }) => principal.type === "user" }, () => undefined),
    close: action({ authorise: ({ principal }) => principal.grants.has("keeper") }, () => undefined),
  }),
  render: ({ state }) => html`<p>${state.of}</p>`,
});

it("opens for visitors who are signed in, each with a session of their own", async () => {
  await using kit = await openLiveKit({ components: [desk] });
  const ada = await kit.visit({ as: { type: "user", id: "ada", grants: ["keeper"] } });
  const ben = await kit.visit({ as: { type: "user", id: "ben" } });
  const stranger = await kit.visit();
  const on = ada.mountComponent("desk:main");
  assert.match(await ada.page(), /user\/ada/);
  assert.match(await ben.page(), /user\/ben/);
  assert.equal((await ada.callAction(on, "look")).state.of, "user/ada");
  await ada.callAction(on, "close");
  await ben.callAction(on, "look");
  await assert.rejects(ben.callAction(on, "close"), /PERMISSION_DENIED/);
  await assert.rejects(stranger.callAction(on, "look"), /AUTHENTICATION_REQUIRED/);
});
