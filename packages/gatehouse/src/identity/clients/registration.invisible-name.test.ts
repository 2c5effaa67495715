/**
 * An application that nobody can name: whoever registers gives it a name that is not seen, or one that draws over the
 * page, so that the page of consent asks people to allow nobody in particular. A name is what people see of it.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { openClientKit, type ClientKit } from "../../testing/client-kit.ts";

describe("the name of an application that registers", () => {
  let kit: ClientKit;
  before(async () => {
    kit = await openClientKit({ clients: { registration: "open" } });
  });
  after(() => kit[Symbol.asyncDispose]());

  const register = (name: string) =>
    kit.ask("/oauth/clients", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ client_name: name, redirect_uris: ["https://app.example/callback"] }),
    });

  it("is seen, and stays within its line", async () => {
    const unfit = [
      ...[
        "\u200b",
        "   ",
        "\u3164\u3164",
        "\u2800",
        "...",
        "\u200d",
        "Gal\u200blery",
        "Gal\u00adlery",
        "Gal\u2028lery",
      ],
      ...["\u{e0047}\u{e0061}x", "\ufeffGallery", `G${"\u0336\u035b\u0321".repeat(20)}`, "\u202eyrellaG"],
    ];
    for (const name of unfit) {
      const { status, body } = await register(name);
      assert.deepEqual([status, body["error"]], [400, "invalid_client_metadata"], JSON.stringify(name));
    }
  });

  it("may be of any script, and have emoji", async () => {
    for (const name of [
      "Galerie Zürich",
      "می\u200cخواهم",
      "ギャラリー",
      "गैलरी",
      "Family 👩\u200d👧 ❤\ufe0f",
      "Phở Việt",
      "7",
    ]) {
      assert.equal((await register(name)).status, 201, name);
    }
  });
});
