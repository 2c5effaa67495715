// A file is called `../../etc/passwd`, has characters in its name that turn text around or end lines, or an ending that
// servers and browsers execute. It would be written elsewhere, forge lines of logs, or be served as what it is not.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openAlbums, png } from "../support/album.ts";

const MAIN = { componentId: "album:main", seed: undefined, version: 0 };

const NAMES: readonly (readonly [string, string])[] = [
  ["../../../etc/passwd", "passwd.png"],
  ["..\\..\\windows\\system.ini", "system.ini.png"],
  ["/absolute/path/photo.PNG", "photo.png"],
  ["..", "file.png"],
  [".htaccess", "htaccess.png"],
  ["evil.html", "evil.html.png"],
  ["evil.php.png", "evil.php.png"],
  ["photo.png\0.html", "photo.png_.html.png"],
  ["line\r\nSet-Cookie: a=b.png", "line_Set-Cookie_ a=b.png"],
  ["photo\u202egnp.exe", "photo_gnp.exe.png"],
  ["zero\u200bwidth\ufeff.png", "zero_width_.png"],
  ['"><script>alert(1)</script>.png', "script_.png"],
  ["CON.png", "_CON.png"],
  ["a|b?c*d:e.png", "a_b_c_d_e.png"],
  ["", "file.png"],
  ["   ...   ", "file.png"],
  ["\ud800lone.png", "\ufffdlone.png"],
  [`${"x".repeat(150)}.png`, `${"x".repeat(100)}.png`],
];

describe("the name of an upload", () => {
  it("loses whatever has a meaning to systems, and is no part of any path", async () => {
    await using albums = await openAlbums({ quota: { files: 100, bytes: 1e9, total: 1e10 } });
    const visitor = await albums.kit.visit();
    const page = "/api/livecomponents/upload?component_id=album%3Amain&field=photo";
    for (const [given, expected] of NAMES) {
      const headers = {
        accept: "application/json",
        "x-csrf-token": visitor.csrfToken,
        "x-upload-ticket": visitor.ticket(MAIN, "photo"),
        "x-upload-name": given === "\ud800lone.png" ? "%ED%A0%80lone.png" : encodeURIComponent(given),
      };
      const answer = await visitor.request(page, { method: "POST", headers, body: Uint8Array.from(png()) });
      const { upload } = (await answer.json()) as { upload: { name: string } };
      // An encoding that is not valid says nothing at all.
      assert.equal(upload.name, given === "\ud800lone.png" ? "file.png" : expected, JSON.stringify(given));
    }
    assert.ok((await albums.files()).every((name) => /^[0-9a-f]{32}$/.test(name)));
    const events = JSON.stringify(albums.kit.events);
    assert.ok(!events.includes("passwd") && !events.includes("script"), "events repeat no names");
  });

  it("is treated alike where a form brings the file", async () => {
    await using albums = await openAlbums();
    const visitor = await albums.kit.visit();
    const form = new FormData();
    form.append("_component_id", "album:main");
    form.append("_action", "add");
    form.append("_csrf_token", visitor.csrfToken);
    form.append("_ticket_photo", visitor.ticket(MAIN, "photo"));
    form.append("photo", new File([Uint8Array.from(png())], '../"\r\n<b>.html'));
    const answer = await visitor.request("/api/livecomponents/action", { method: "POST", body: form });
    assert.equal(answer.status, 303);
    const page = await (await visitor.request("/")).text();
    assert.match(page, /\sb_\.html\.png/);
    assert.ok(!page.includes("<b>"));
  });
});
