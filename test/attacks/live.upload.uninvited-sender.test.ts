// Somebody was shown an upload field and loses the right to see its component, but their page still has its ticket. They
// go on sending files to where they are no longer let in, for as long as a ticket is good: a day.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { html } from "gatehouse/html";
import { live, upload } from "gatehouse/live";
import { openLiveKit, type LiveVisitor } from "gatehouse/testing";
import { z } from "zod";
import { png } from "../support/album.ts";

const open = new Set<string>();

const room = live("room", {
  props: z.object({ name: z.string() }),
  state: z.object({}),
  visible: ({ props }) => open.has(props.name),
  mount: () => ({}),
  uploads: { photo: upload({ accept: ["image/png"], maxBytes: 10_000, authorise: "public" }) },
  actions: (action) => ({ add: action({ uploads: ["photo"], authorise: "public" }, () => ({})) }),
  render: ({ act }) =>
    html`<form ${act.add.form}>${act.add.fields}${act.add.upload("photo", { label: "Photo" })}</form>`,
});

const openRoom = () =>
  openLiveKit({
    components: [room],
    page: (pages, inbound) => pages.mount(room, { inbound, instance: "one", props: { name: "one" } }),
  });

/** What is needed to upload from the page; nothing where the component is not shown. */
async function evidenceIn(visitor: LiveVisitor): Promise<{ readonly id: string; readonly ticket: string } | undefined> {
  const page = await (await visitor.request("/")).text();
  const [, id] = /data-live="([^"]+)"/.exec(page) ?? [];
  const [, ticket] = /name="_ticket_photo" value="([^"]+)"/.exec(page) ?? [];
  return id === undefined || ticket === undefined ? undefined : { id, ticket };
}

describe("an upload of somebody who is no longer shown the component", () => {
  it("is refused, whether the file comes alone or with a form", async () => {
    open.add("one");
    await using kit = await openRoom();
    const visitor = await kit.visit();
    const evidence = await evidenceIn(visitor);
    assert.ok(evidence);
    const { id, ticket } = evidence;
    const sendAlone = async (): Promise<readonly [number, string | undefined]> => {
      const query = new URLSearchParams({ component_id: id, field: "photo" }).toString();
      const answer = await visitor.request(`/api/livecomponents/upload?${query}`, {
        method: "POST",
        headers: { accept: "application/json", "x-csrf-token": visitor.csrfToken, "x-upload-ticket": ticket },
        body: Uint8Array.from(png()),
      });
      return [answer.status, ((await answer.json()) as { code?: string }).code];
    };
    assert.deepEqual(await sendAlone(), [200, undefined]);
    open.delete("one");
    assert.equal(await evidenceIn(visitor), undefined);
    assert.deepEqual(await sendAlone(), [403, "PERMISSION_DENIED"]);
    const form = new FormData();
    for (const [name, value] of Object.entries({ _component_id: id, _action: "add", _ticket_photo: ticket }))
      form.append(name, value);
    form.append("_csrf_token", visitor.csrfToken);
    form.append("photo", new File([Uint8Array.from(png())], "a.png"));
    const answer = await visitor.request("/api/livecomponents/action", { method: "POST", body: form });
    assert.ok(answer.status >= 400);
    assert.equal((await kit.uploads.sink.list()).length, 1, "the one from before");
    const denied = kit.events.filter(({ name }) => name === "authz_fail").map(({ action }) => action);
    assert.deepEqual(denied, ["live.upload.room.photo", "live.upload.room.photo"]);
    open.add("one");
    assert.deepEqual(await sendAlone(), [200, undefined]);
    assert.deepEqual(kit.errors, []);
  });
});
