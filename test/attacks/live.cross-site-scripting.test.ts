// A visitor puts markup, or what looks like a part of a live component, into texts that others are shown. Pages, answers
// to actions, patches, loaded components and refused forms must hold the elements of the templates and no others.
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { reply } from "gatehouse/live";
import { openLiveKit, type LiveKit, type LiveVisitor } from "gatehouse/testing";
import { PAYLOADS, SENDABLE } from "./xss-corpus/corpus.ts";
import { asHeld, documentOf, elementsOf, mapTexts, treeOf, type Tree } from "./xss-corpus/tree.ts";
import { letterOf, note, wallOf, type Complaints } from "./xss-corpus/wall.ts";

/** A content may bring so many new components at once, and every text brings two. */
const CHUNK = 90;
const CHUNKS = Array.from({ length: Math.ceil(PAYLOADS.length / CHUNK) }, (_, index) =>
  PAYLOADS.slice(index * CHUNK, (index + 1) * CHUNK),
);
/** Members that differ from page to page. */
const FRESH = /^(?:_csrf_token|_idempotency_key|_seed|_base_version|csrf-token)$/;

function neutral(index: number): string {
  return `neutral-${index}-`;
}

/** The tree of a page that shows neutral texts, with the payloads in their places. */
function withPayloads(trees: readonly Tree[], payloads: readonly string[]): readonly Tree[] {
  const payload = (index: string): string => payloads[Number(index)] ?? "";
  return mapTexts(trees, (text) =>
    text
      .replaceAll(/\{"id":"neutral-(\d+)-"\}/g, (_, index: string) => JSON.stringify({ id: payload(index) }))
      .replaceAll(/text=neutral-(\d+)-/g, (_, index: string) =>
        new URLSearchParams({ text: payload(index) }).toString(),
      )
      .replaceAll(/^"neutral-(\d+)-"$/g, (_, index: string) => inScript(JSON.stringify(payload(index))))
      .replaceAll(/neutral-(\d+)-/g, (_, index: string) => asHeld(payload(index))),
  );
}

function inScript(json: string): string {
  const code = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return json.replaceAll(/[<>&\u2028\u2029]/g, code);
}

/** Without what is drawn anew for each page: tokens, keys, seeds, and names made from properties. */
function scrub(trees: readonly Tree[]): readonly Tree[] {
  return mapTexts(withoutFresh(trees), (text) => text.replaceAll(/((?:now|later)\d+)\.[0-9a-f]{16}/g, "$1"));
}

function withoutFresh(trees: readonly Tree[]): readonly Tree[] {
  return trees.map((tree) => {
    if (typeof tree === "string") return tree;
    const [name, attributes, ...children] = tree;
    const given = Object.entries(attributes).map(([key, value]) => {
      const drawn =
        /^(?:nonce|data-live-seed)$/.test(key) || (/^(?:value|content)$/.test(key) && isFresh(name, attributes));
      return [key, drawn ? "" : value] as const;
    });
    return [name, Object.fromEntries(given), ...withoutFresh(children)];
  });
}

function isFresh(element: string, { name = "", type }: Readonly<Record<string, string>>): boolean {
  return FRESH.test(name) && (element === "meta" || type === "hidden");
}

async function post(visitor: LiveVisitor, path: string, body: object) {
  const response = await visitor.request(`/api/livecomponents/${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/json", "x-csrf-token": visitor.csrfToken },
    body: JSON.stringify(body),
  });
  assert.match(response.headers.get("content-type") ?? "", /json/, "nothing a browser would show as a page");
  assert.equal(response.headers.get("x-content-type-options"), "nosniff");
  // oxlint-disable-next-line typescript/no-explicit-any -- the test looks into answers of any shape
  const answer: any = await response.json();
  return { status: response.status, ...answer };
}

/** What a visitor's browser is sent of a wall, by where it goes. */
type Sent = Readonly<Record<string, readonly Tree[]>>;

async function lookAt(kit: LiveKit): Promise<Sent> {
  const visitor = await kit.visit();
  const page = await (await visitor.request("/")).text();
  assert.deepEqual(kit.errors, []);
  const wall = rootOf(page, "wall:main");
  const basis = { component_id: "wall:main", seed: wall["data-live-seed"], base_version: 0 };
  const acted = await post(visitor, "action", { ...basis, action: "look" });
  assert.equal(acted.status, 200, JSON.stringify(acted));
  const turned = await post(visitor, "action", { ...basis, action: "turn", base_tag: acted.content_tag });
  assert.equal(turned.status, 200, JSON.stringify(turned));
  const stale = await post(visitor, "action", { ...basis, action: "look" });
  assert.deepEqual([stale.status, stale.code], [409, "STATE_CONFLICT"]);
  const whole = await post(visitor, "action", { component_id: "wall:main", action: "look" });
  assert.equal(turned.html ?? applyPatch(acted.html, turned.patch), whole.html);
  const later = laterOf(page).slice(0, 50);
  const components = later.map((element) => ({ component_id: element["data-live"], seed: element["data-live-seed"] }));
  const loaded = await post(visitor, "load", { components });
  const elements: string[] = loaded.components.map(({ element }: { element: string }) => element);
  return {
    page: scrub(documentOf(page)),
    "page without scripts": scrub(documentOf(page, false)),
    update: scrub(treeOf(acted.html, false)),
    turned: scrub(treeOf(whole.html, false)),
    conflict: scrub(treeOf(stale.html, false)),
    children: Object.values<string>(acted.children).flatMap((element) => scrub(treeOf(element, false))),
    loaded: elements.flatMap((element) => scrub(treeOf(element, false))),
  };
}

/** As clients do it. */
function applyPatch(before: string, patch: readonly (readonly [number, number, string])[]): string {
  let [after, position] = ["", 0];
  for (const [start, length, text] of patch) {
    after += before.slice(position, start) + text;
    position = start + length;
  }
  return after + before.slice(position);
}

function rootOf(page: string, id: string): Readonly<Record<string, string>> {
  const roots = [...elementsOf(documentOf(page))].filter(({ attributes }) => attributes["data-live"] === id);
  assert.equal(roots.length, 1, `one element is ${id}`);
  return roots[0]?.attributes ?? {};
}

function laterOf(page: string): Readonly<Record<string, string>>[] {
  const all = [...elementsOf(documentOf(page))].map(({ attributes }) => attributes);
  return all.filter((attributes) => attributes["data-live-load"] !== undefined);
}

async function sentOf(texts: readonly string[]): Promise<Sent> {
  await using kit = await openWall(texts);
  return await lookAt(kit);
}

function openWall(texts: readonly string[]): Promise<LiveKit> {
  const wall = wallOf({ texts });
  return openLiveKit({ components: [wall, note], page: (live, inbound) => live.mount(wall, { inbound }) });
}

/** What the page shows of the wall, as an update brings it: without what a page adds, and with places for children. */
function contentOf(page: readonly Tree[]): readonly Tree[] {
  for (const tree of page) {
    if (typeof tree === "string") continue;
    const [, attributes, ...children] = tree;
    const found = "data-live-content" in attributes ? children : contentOf(children);
    if (found.length > 0) return found;
  }
  return [];
}

function asUpdate(trees: readonly Tree[]): readonly Tree[] {
  return trees.map((tree) => {
    if (typeof tree === "string") return tree;
    const [name, attributes, ...children] = tree;
    const id = attributes["data-live"];
    return id === undefined ? [name, attributes, ...asUpdate(children)] : ["div", { "data-live": id }];
  });
}

describe("live components against hostile texts", () => {
  const all: { readonly payloads: readonly string[]; readonly sent: Sent }[] = [];
  before(async () => {
    for (const payloads of CHUNKS) all.push({ payloads, sent: await sentOf(payloads) });
  });

  it("keep every one of them as text: in pages, updates, patches, conflicts, and components inside", async () => {
    for (const { payloads, sent } of all) {
      const expected = await sentOf(payloads.map((_, index) => neutral(index)));
      for (const [where, trees] of Object.entries(sent))
        assert.deepEqual(trees, withPayloads(expected[where] ?? [], payloads), where);
    }
  });

  it("mean the same in a page and in an update", () => {
    for (const { sent } of all) assert.deepEqual(asUpdate(contentOf(sent["page"] ?? [])), sent["update"]);
  });
});

describe("refused forms of live components against hostile texts", () => {
  it("come back with every one of them as the value of a field, and as a complaint", async () => {
    const complaints: Complaints = { next: "" };
    await using kit = await openLiveKit({ components: [letterOf(complaints)] });
    const visitor = await kit.visit();
    const refused = async (text: string, complaint: string): Promise<readonly Tree[]> => {
      complaints.next = complaint;
      const response = await visitor.request("/api/livecomponents/action", {
        method: "POST",
        headers: { accept: "text/html" },
        body: new URLSearchParams({ ...fields, subject: text, message: text, topic: text }),
      });
      const page = await response.text();
      assert.equal(response.status, 422, page);
      return scrub(documentOf(page));
    };
    const opened = [...elementsOf(documentOf(await (await visitor.request("/")).text()))];
    const fields = Object.fromEntries(
      opened
        .filter(({ attributes }) => attributes["type"] === "hidden")
        .map(({ attributes: { name = "", value = "" } }) => [name, value]),
    );
    const expected = await refused("given", "neutral-0-");
    for (const [index, text] of SENDABLE.entries()) {
      const complaint = (SENDABLE[index + 1] ?? "").trim();
      const sent = await refused(text, complaint);
      const shown = [complaint, "This value is not valid."];
      const possible = shown.map((said) => {
        const complained = withPayloads(expected, [said]);
        return mapTexts(complained, (held) => (held === "given" ? text : held));
      });
      const fitting = possible.find((trees) => JSON.stringify(trees) === JSON.stringify(sent));
      if (fitting === undefined) assert.deepEqual(sent, possible[0], JSON.stringify(text));
    }
  });
});

describe("refusals of live components against hostile texts", () => {
  it("repeat none of them as markup, wherever in a request they stand", async () => {
    await using kit = await openWall([]);
    const visitor = await kit.visit();
    const plain = { _component_id: "wall:main", _action: "look", _csrf_token: visitor.csrfToken };
    for (const text of SENDABLE) {
      const requests = [
        { ...plain, _component_id: text },
        { ...plain, _action: text },
        { ...plain, _action: "nothing", _return: text },
        { ...plain, _action: `pick {"id":${JSON.stringify(text)},${JSON.stringify(`${text}!`)}:1}`, _seed: text },
        { ...plain, _csrf_token: text },
        { ...plain, _action: "pick", _seed: text, [`x${text}`]: text },
      ];
      for (const fields of requests) {
        const response = await visitor.request("/api/livecomponents/action", {
          method: "POST",
          headers: { accept: "text/html" },
          body: new URLSearchParams(fields),
        });
        const page = await response.text();
        if (response.status === 303) {
          assert.equal(new URL(response.headers.get("location") ?? "", "https://app.example").host, "app.example");
          continue;
        }
        assert.ok(response.status >= 400, `${response.status}`);
        for (const { name, attributes } of elementsOf(documentOf(page))) {
          assert.ok(!/^(?:img|svg|iframe|base|x|math|object|embed)$/.test(name), `${JSON.stringify(text)}: ${name}`);
          assert.ok(!Object.keys(attributes).some((key) => /^on|^style$|^srcdoc$/.test(key)), JSON.stringify(text));
        }
      }
    }
  });
});

describe("redirects and downloads of live components against hostile texts", () => {
  it("stay on this origin, or are a bug of the action", () => {
    for (const text of PAYLOADS.flatMap((payload) => [payload, `/${payload}`, `/find?text=${payload}`])) {
      for (const effect of ["redirect", "download"] as const) {
        try {
          reply({ effects: { [effect]: text } });
        } catch (error) {
          assert.ok(error instanceof TypeError);
          continue;
        }
        const { origin, protocol } = new URL(text, "https://app.example/a/page");
        assert.deepEqual([origin, protocol], ["https://app.example", "https:"], JSON.stringify(text));
      }
    }
  });
});
