import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { z } from "zod";
import { html } from "../html/html.ts";
import { openLiveKit, type LiveKit } from "../testing/live-kit.ts";
import { live } from "./component.ts";

const picture = live("picture", {
  state: z.object({}),
  mount: () => ({}),
  actions: (action) => ({ like: action({ authorise: () => false, anonymous: true }, () => undefined) }),
  render: ({ act }) => html`<button ${act.like()}>Like</button>`,
});

let kit: LiveKit;
before(async () => {
  kit = await openLiveKit({ components: [picture] });
});
after(() => kit[Symbol.asyncDispose]());

/** The links of the page that a refused form leads to. */
async function linksAfter(referer: string | undefined): Promise<readonly string[]> {
  const visitor = await kit.visit();
  const response = await visitor.request("/api/livecomponents/action", {
    method: "POST",
    headers: {
      ...{ "content-type": "application/x-www-form-urlencoded", accept: "text/html" },
      ...(referer === undefined ? {} : { referer }),
    },
    body: new URLSearchParams({
      ...{ _component_id: "picture:main", _action: "like", _csrf_token: visitor.csrfToken },
    }),
  });
  assert.equal(response.status, 403);
  return Array.from((await response.text()).matchAll(/href="(\/[^"]*|http[^"]*)"/g), ([, href = ""]) => href);
}

// A link on a page of this site is followed in good faith. One that a request can aim at another site, or at an address
// browsers read as one, sends people there under this site's name.
describe("the page of a refused form, against open redirects", () => {
  it("leads back to the page of this site that the form was on", async () => {
    assert.deepEqual(await linksAfter("https://app.example/playground?page=2&x=%22"), [
      "/playground?page=2&amp;x=%22",
      "/",
    ]);
  });

  for (const referer of [
    undefined,
    "not an address",
    "https://evil.example/playground",
    "https://app.example.evil.example/",
    "https://app.example:8443/playground",
    "https://app.example@evil.example/",
    "https://app.example//evil.example/",
    "https://app.example/\\evil.example",
    "javascript:alert(1)",
    "data:text/html,app.example",
  ]) {
    it(`leads to the start page alone for ${String(referer)}`, async () => {
      assert.deepEqual(await linksAfter(referer), ["/"]);
    });
  }
});
