import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, it } from "node:test";
import { z } from "zod";
import { html } from "../html/html.ts";
import { openLiveKit, type LiveKit } from "../testing/live-kit.ts";
import { LiveCallError, type LiveVisitor } from "../testing/live-visitor.ts";
import { live } from "./component.ts";
import { upload } from "./upload.ts";

const PNG = Buffer.concat([Buffer.from("\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR", "latin1"), Buffer.alloc(100, 7)]);
const JPEG = Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe0]), Buffer.alloc(200, 3)]);

const album = live("album", {
  state: z.object({ photos: z.array(z.object({ id: z.string(), name: z.string(), type: z.string() })) }),
  mount: ({ previous }) => previous ?? { photos: [] },
  uploads: {
    photo: upload({
      accept: ["image/png", "image/jpeg"],
      maxBytes: 1000,
      maxFiles: 3,
      required: true,
      authorise: "public",
    }),
    cover: upload({ accept: ["image/png"], maxBytes: 1000, authorise: ({ principal }) => principal.type === "user" }),
  },
  actions: (action) => ({
    add: action(
      {
        input: z.object({ title: z.string().min(2, "Longer.") }),
        uploads: ["photo"],
        authorise: "public",
        commutes: true,
      },
      ({ state }, { title, photo }) => {
        if (title === "fail") throw new RangeError("as the test wants");
        return {
          photos: [...state.photos, ...photo.map(({ id, name, type }) => ({ id, type, name: `${title}: ${name}` }))],
        };
      },
    ),
    clear: action({ authorise: "public" }, () => ({ photos: [] })),
  }),
  render: ({ state, act }) => html`<form ${act.add.form}>
      ${act.add.fields}<input ${act.add.field("title")} />${act.add.error("title")}
      ${act.add.upload("photo", { label: "Photos" })}<button>Add</button>
    </form>
    <ul>
      ${state.photos.map(({ name }) => html`<li>${name}</li>`)}
    </ul>`,
});

async function refusal(attempt: Promise<unknown>): Promise<LiveCallError> {
  try {
    await attempt;
  } catch (error) {
    if (error instanceof LiveCallError) return error;
    throw error;
  }
  throw new Error("It was not refused.");
}

async function filesOf({ uploads }: LiveKit): Promise<number> {
  return (await uploads.sink.list()).length;
}

describe("an upload", () => {
  it("is stored, described by its content, and given to the action of its field", async () => {
    await using kit = await openLiveKit({ components: [album] });
    const visitor = await kit.visit();
    const page = visitor.mountComponent("album:main", { photos: [] });
    const { id, ...file } = await visitor.upload(page, "photo", { content: PNG, name: "/home/ada/Ünï code.PNG" });
    const sha256 = createHash("sha256").update(PNG).digest("hex");
    assert.deepEqual(file, { name: "Ünï code.png", type: "image/png", bytes: PNG.length, sha256 });
    const second = await visitor.upload(page, "photo", { content: JPEG, name: "cat" });
    assert.deepEqual([second.name, second.type], ["cat.jpg", "image/jpeg"]);
    const added = await visitor.callAction(page, "add", { title: "Fair", photo: [id, second.id] });
    assert.deepEqual(
      added.state.photos.map(({ name }: { name: string }) => name),
      ["Fair: Ünï code.png", "Fair: cat.jpg"],
    );
    const opened = await kit.uploads.sink.open(added.state.photos[0].id);
    assert.deepEqual(Buffer.from(await new Response(opened?.body).arrayBuffer()), PNG);
    const names = kit.events.filter(({ outcome }) => outcome === "success").map(({ name, action }) => [name, action]);
    assert.deepEqual(names.slice(0, 2), [
      ["upload_complete", "live.upload.album.photo"],
      ["upload_complete", "live.upload.album.photo"],
    ]);
    assert.deepEqual(kit.errors, []);
  });

  it("waits on when the action is refused or fails, and can be used then", async () => {
    await using kit = await openLiveKit({ components: [album] });
    const visitor = await kit.visit();
    const page = visitor.mountComponent("album:main", { photos: [] });
    const { id } = await visitor.upload(page, "photo", { content: PNG });
    assert.equal((await refusal(visitor.callAction(page, "add", { title: "x", photo: id }))).code, "VALIDATION_ERROR");
    assert.equal((await refusal(visitor.callAction(page, "add", { title: "fail", photo: id }))).code, "INTERNAL_ERROR");
    assert.equal((await visitor.callAction(page, "add", { title: "good", photo: id })).state.photos.length, 1);
  });

  it("is used up once under one idempotency key, and not again under another", async () => {
    await using kit = await openLiveKit({ components: [album] });
    const visitor = await kit.visit();
    const page = visitor.mountComponent("album:main", { photos: [] });
    const { id } = await visitor.upload(page, "photo", { content: PNG });
    const call = { title: "Fair", photo: id, idempotency_key: "once" };
    assert.equal((await visitor.callAction(page, "add", call)).idempotency?.cached, false);
    const again = await visitor.callAction(page, "add", call);
    assert.equal(again.idempotency?.cached, true);
    assert.equal(again.state.photos.length, 1);
    const { code, document } = await refusal(visitor.callAction(page, "add", { ...call, idempotency_key: "twice" }));
    assert.equal(code, "VALIDATION_ERROR");
    assert.deepEqual(document["errors"], [
      { pointer: "/params/photo/0", detail: "This file is no longer there. Please choose it again." },
    ]);
  });

  it("is checked for number and need before the action runs", async () => {
    await using kit = await openLiveKit({ components: [album] });
    const visitor = await kit.visit();
    const page = visitor.mountComponent("album:main", { photos: [] });
    for (const [photo, detail] of [
      [[], "Please choose a file."],
      [["a", "b", "c", "d"], "At most 3 files are accepted."],
      [[7], "This is no upload."],
    ] as const) {
      const { code, document } = await refusal(visitor.callAction(page, "add", { title: "Fair", photo }));
      assert.equal(code, "VALIDATION_ERROR");
      assert.ok(JSON.stringify(document["errors"]).includes(detail), JSON.stringify(document));
    }
    assert.equal((await refusal(visitor.callAction(page, "clear", { photo: "x" }))).code, "VALIDATION_ERROR");
  });

  it("is refused by the field's own rule, type and size, and leaves nothing behind", async () => {
    await using kit = await openLiveKit({ components: [album] });
    const visitor = await kit.visit();
    const page = visitor.mountComponent("album:main", { photos: [] });
    for (const [field, content, code] of [
      ["cover", PNG, "AUTHENTICATION_REQUIRED"],
      ["photo", Buffer.from("<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>"), "UPLOAD_TYPE_REFUSED"],
      ["photo", Buffer.alloc(0), "UPLOAD_TYPE_REFUSED"],
      ["photo", Buffer.concat([PNG, Buffer.alloc(1000)]), "UPLOAD_TOO_LARGE"],
    ] as const) {
      assert.equal((await refusal(visitor.upload(page, field, { content }))).code, code);
      assert.equal(await filesOf(kit), 0);
    }
    const denied = kit.events.filter(({ outcome }) => outcome === "denied").map(({ name }) => name);
    assert.deepEqual(denied, ["authn_required", "upload_type_refused", "upload_type_refused", "excess_upload"]);
  });
});

describe("a page with an upload field", () => {
  const ticketsOf = (page: string): string | undefined => /data-live-tickets="([^"]+)"/.exec(page)?.[1];

  it("has a label, what is accepted, and a ticket for scripts and for forms", async () => {
    await using kit = await openLiveKit({ components: [album] });
    const visitor = await kit.visit();
    const page = await (await visitor.request("/")).text();
    const tickets = JSON.parse(ticketsOf(page)!.replaceAll("&#34;", '"'));
    assert.deepEqual(Object.keys(tickets), ["photo"], "the content shows no field for covers");
    assert.match(page, /<form[^>]* enctype="multipart\/form-data"/);
    assert.match(page, /<label for="([^"]+)">Photos<\/label>[^]*<input\s+type="file"\s+id="\1"/);
    assert.match(page, /accept="image\/png,image\/jpeg"\s+multiple/);
    assert.ok(page.includes(`name="_ticket_photo" value="${tickets.photo}"`));
    const mounted = visitor.mountComponent("album:main");
    await visitor.upload(mounted, "photo", { content: PNG, ticket: tickets.photo });
  });

  it("gets fresh tickets with each new content", async () => {
    await using kit = await openLiveKit({ components: [album] });
    const visitor = await kit.visit();
    const page = visitor.mountComponent("album:main", { photos: [] });
    const response = await visitor.request("/api/livecomponents/action", {
      method: "POST",
      headers: { "content-type": "application/json", "x-csrf-token": visitor.csrfToken },
      body: JSON.stringify({ component_id: "album:main", action: "clear" }),
    });
    const answer = (await response.json()) as { html: string; tickets: { photo: string } };
    assert.doesNotMatch(answer.html, /_ticket_photo" value="[^"]/);
    await visitor.upload(page, "photo", { content: PNG, ticket: answer.tickets.photo });
  });
});

/** The form of the page as a browser without scripts sends it. */
async function send(
  visitor: LiveVisitor,
  fields: Readonly<Record<string, string>>,
  files: readonly File[],
): Promise<Response> {
  const page = await (await visitor.request("/")).text();
  const form = new FormData();
  const begin = page.indexOf("<form", page.indexOf("data-live-content"));
  for (const [tag] of page.slice(begin, page.indexOf("</form>", begin)).matchAll(/<input[^>]*type="hidden"[^>]*>/g)) {
    const name = /name="([^"]*)"/.exec(tag)![1]!;
    if (!(name in fields)) form.append(name, /value="([^"]*)"/.exec(tag)![1]!);
  }
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  for (const file of files) form.append("photo", file);
  return visitor.request("/api/livecomponents/action", {
    method: "POST",
    body: form,
    headers: { accept: "text/html" },
  });
}

describe("a form with files, sent without scripts", () => {
  it("uploads them and performs its action", async () => {
    await using kit = await openLiveKit({ components: [album] });
    const visitor = await kit.visit();
    const response = await send(visitor, { title: "Fair" }, [new File([PNG], "a.png"), new File([JPEG], "b.jpg")]);
    assert.equal(response.status, 303, await response.clone().text());
    const page = await (await visitor.request("/")).text();
    assert.match(page, /<li>Fair: a.png<\/li>\s*<li>Fair: b.jpg<\/li>/);
    assert.deepEqual(kit.errors, []);
  });

  it("is shown again when a value is refused, with what was accepted kept", async () => {
    await using kit = await openLiveKit({ components: [album] });
    const visitor = await kit.visit();
    const response = await send(visitor, { title: "x" }, [new File([PNG], "a.png")]);
    assert.equal(response.status, 422);
    const page = await response.text();
    const [, kept] = /<input type="checkbox" name="photo" value="([^"]+)" checked data-live-reference \/> a.png/.exec(
      page.replaceAll(/\s+/g, " "),
    ) ?? [undefined, undefined];
    assert.ok(kept !== undefined, page);
    assert.match(page, /Longer\./);
    assert.equal((await send(visitor, { title: "Fair", photo: kept }, [])).status, 303);
    assert.match(await (await visitor.request("/")).text(), /<li>Fair: a.png<\/li>/);
  });

  it("is shown again when a file is refused, and says why next to the field", async () => {
    await using kit = await openLiveKit({ components: [album] });
    const visitor = await kit.visit();
    const huge = new File([PNG, Buffer.alloc(5000)], "huge.png");
    const response = await send(visitor, { title: "Fair" }, [
      new File([PNG], "a.png"),
      huge,
      new File(["GIF"], "c.gif"),
    ]);
    assert.equal(response.status, 422);
    const page = (await response.text()).replaceAll(/\s+/g, " ");
    assert.match(
      page,
      /data-live-error="photo">huge.png: The file is too large: at most 1000 bytes are accepted\. c.gif: /,
    );
    assert.match(page, /data-live-reference \/> a.png/);
    assert.match(page, /value="Fair"/);
    assert.equal(await filesOf(kit), 1);
  });

  it("does the same once when it is sent twice", async () => {
    await using kit = await openLiveKit({ components: [album] });
    const visitor = await kit.visit();
    const twice = async (file: File): Promise<number> =>
      (await send(visitor, { title: "Fair", _idempotency_key: "of-one-page" }, [file])).status;
    assert.deepEqual([await twice(new File([PNG], "a.png")), await twice(new File([PNG], "a.png"))], [303, 303]);
    assert.equal((await (await visitor.request("/")).text()).match(/<li>Fair: /g)?.length, 1);
    assert.equal(await twice(new File([JPEG], "a.png")), 303);
    assert.equal((await (await visitor.request("/")).text()).match(/<li>Fair: /g)?.length, 2);
  });
});
