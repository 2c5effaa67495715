import assert from "node:assert/strict";
import { describe, it } from "node:test";
import sharp from "sharp";
import type { MediaGrants } from "../../kernel/ports/media-grants.ts";
import { isDenial } from "../../kernel/outcome.ts";
import { MediaSite } from "../../testing/media-site.ts";

const GRANT = { id: "host", generation: 1 };
const grants: MediaGrants = {
  of: () => Promise.resolve(undefined),
  generation: ({ tenant, id }) => (tenant === "default" && id === "host" ? 1 : undefined),
};
const application = { open: () => ({ media: { grants } }) };
const scanner = { engine: "none", noneReason: "A test of what comes after." } as const;

function ask(site: MediaSite, address: string, init?: RequestInit): Promise<Response> {
  const request = new Request(new URL(address, "http://localhost"), init);
  return site.gatehouse.handler(request, { address: "127.0.0.1", encrypted: request.url.startsWith("https:") });
}

describe("delivery by the assembled server", () => {
  it("delivers what was uploaded, scrubbed, at the address it signs, until an incident shortens it", async () => {
    await using site = await MediaSite.open({ media: { scanner }, application });
    const { addresses } = site.gatehouse.services.media;
    const photo = await sharp({ create: { width: 80, height: 60, channels: 3, background: "teal" } })
      .withExif({ IFD0: { Artist: "SECRET" } })
      .jpeg()
      .toBuffer();
    assert.ok(photo.includes("SECRET"));
    const asset = await site.bring(photo, { name: "Strand.heic" });
    await site.until(asset, "published");
    const address = addresses.sign({ asset, variant: "original", grant: GRANT });
    const answer = await ask(site, address);
    assert.equal(answer.status, 200);
    assert.match(answer.headers.get("content-disposition") ?? "", /filename="Strand\.jpg"/);
    const content = Buffer.from(await answer.arrayBuffer());
    assert.ok(!content.includes("SECRET"));
    assert.ok((await sharp(content).raw().toBuffer()).equals(await sharp(photo).raw().toBuffer()));
    const input = { measure: "short-addresses", reason: "addresses were published", minutes: 5 };
    assert.ok(!isDenial(await site.gatehouse.operate("emergency.set", input)));
    assert.equal((await ask(site, address)).status, 403);
    assert.equal((await ask(site, addresses.sign({ asset, variant: "original", grant: GRANT }))).status, 200);
    assert.ok(!isDenial(await site.gatehouse.operate("emergency.lift", { measure: "short-addresses" })));
    assert.equal((await ask(site, address)).status, 200);
  });

  // Attack of a kind: the host for media is set up as recommended, and no page can show anything from it. Whoever runs
  // the server then allows pages more than they need, or goes back to one host for everything.
  it("lets pages show what is on the host for media, and nothing else of it", async () => {
    const origin = "https://media.localhost";
    await using site = await MediaSite.open({ media: { scanner, addresses: { origin } }, application });
    const page = await ask(site, "/nowhere", { headers: { accept: "text/html" } });
    const policy = page.headers.get("content-security-policy") ?? "";
    const allowing = policy.split("; ").filter((directive) => directive.includes(origin));
    assert.deepEqual(allowing, [`img-src 'self' data: blob: ${origin}`, `media-src 'self' blob: ${origin}`]);
  });

  it("answers nothing but media on the host for media, and no media elsewhere", async () => {
    const origin = "https://media.localhost";
    await using site = await MediaSite.open({ media: { scanner, addresses: { origin } }, application });
    const address = site.gatehouse.services.media.addresses.sign({
      asset: "0".repeat(32),
      variant: "thumb",
      grant: GRANT,
    });
    assert.ok(address.startsWith(`${origin}/media/v1/`));
    for (const path of ["/", "/console", "/api/csrf/refresh"]) {
      const answer = await ask(site, `${origin}${path}`, { headers: { accept: "application/json" } });
      assert.equal(answer.status, 404, path);
      assert.equal(answer.headers.get("set-cookie"), null);
    }
    assert.notEqual((await ask(site, "https://localhost/api/csrf/refresh")).status, 404);
    const refusal = async (where: string): Promise<unknown> => {
      assert.equal((await ask(site, where)).status, 403);
      return site.named("media_address_refused").at(-1)?.context["reason"];
    };
    assert.equal(await refusal(address), "not published");
    assert.equal(await refusal(address.slice(origin.length)), "other host");
  });
});
