import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { z } from "zod";
import { html } from "../html/html.ts";
import type { Inbound } from "../http/inbound.ts";
import { BootRefusedError } from "../kernel/gate.ts";
import { openLiveKit } from "../testing/live-kit.ts";
import { live, type AnyLiveComponent } from "./component.ts";
import type { Live } from "./live.ts";
import { MiB, upload } from "./upload.ts";

/** A component with one action, declared as a program whose types are stripped may declare it. */
function todoWith(options: object, field: object = { authorise: "public" }): AnyLiveComponent {
  return live("todo", {
    state: z.object({ items: z.array(z.object({ id: z.string() })) }),
    mount: () => ({ items: [] }),
    uploads: { attachment: upload({ accept: ["image/png"], maxBytes: MiB, ...(field as { authorise: "public" }) }) },
    actions: (action) => ({ add: action(options as { authorise: "public" }, () => undefined) }),
    render: () => html`<p>Nothing to do</p>`,
  });
}

async function refusalOf(component: AnyLiveComponent): Promise<readonly string[]> {
  try {
    await using _kit = await openLiveKit({ components: [component] });
    return [];
  } catch (error) {
    assert.ok(error instanceof BootRefusedError, String(error));
    return error.reasons;
  }
}

// Types are stripped before a program runs, and no editor may ever have looked at it. An action that is let through
// although nobody said who may is open to everybody.
describe("components without an authorisation rule", () => {
  const REASON = 'has no authorisation rule; give it one, or say "public" when anyone may.';

  for (const authorise of [undefined, null, true, "pubic"]) {
    it(`do not start with an action whose rule is ${String(authorise)}`, async () => {
      assert.deepEqual(await refusalOf(todoWith({ authorise })), [`The action todo.add ${REASON}`]);
    });
    it(`do not start with an upload field whose rule is ${String(authorise)}`, async () => {
      const component = todoWith({ authorise: "public" }, { authorise });
      assert.deepEqual(await refusalOf(component), [`The action live.upload.todo.attachment ${REASON}`]);
    });
  }

  it("start once they have one", async () => {
    assert.deepEqual(await refusalOf(todoWith({ authorise: () => false })), []);
  });
});

describe("actions that take uploads", () => {
  it("are refused when the component has no such upload field", () => {
    assert.throws(() => todoWith({ authorise: "public", uploads: ["atachment"] }), {
      name: "TypeError",
      message: "The action add of todo: there is no upload field atachment; the fields are attachment.",
    });
  });
});

describe("components that nobody has listed", () => {
  it("tell where to list them", async () => {
    const listed = todoWith({ authorise: "public" });
    const page = (live: Live, inbound: Inbound) => live.mount(todoWith({ authorise: "public" }), { inbound });
    await using kit = await openLiveKit({ components: [listed], page });
    await (await kit.visit()).page();
    assert.equal(
      String(kit.errors[0]),
      "TypeError: The component todo is not registered; add it to the components that open returns.",
    );
  });
});
