import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { renderToString } from "../../html/render.ts";
import { contrastOf, parseColour } from "./colour.ts";
import { createTheme } from "./theme.ts";

function roles(theme: ReturnType<typeof createTheme>): string[] {
  return renderToString(theme.style("nonce")).match(/#[0-9a-f]{6}/g) ?? [];
}

describe("a theme", () => {
  it("measures contrast as WCAG does", () => {
    assert.equal(contrastOf(parseColour("#000000"), parseColour("#ffffff")), 21);
    assert.equal(contrastOf(parseColour("#777777"), parseColour("#ffffff")).toFixed(2), "4.48");
    assert.equal(contrastOf(parseColour("#ff0000"), parseColour("#ffffff")).toFixed(2), "4.00");
  });

  it("refuses an accent that cannot be read, and says by how much", () => {
    assert.throws(() => createTheme({ name: "Acme", accent: "#ffcc00" }), /accent #ffcc00 has a contrast of 1\.\d\d/);
    assert.throws(() => createTheme({ name: "Acme", accentOnDark: "#202030" }), /accentOnDark #202030/);
    assert.throws(() => createTheme({ name: "Acme", accent: "red" }), /#rrggbb/);
  });

  it("has readable words on its buttons and links, on light and dark paper", () => {
    for (const accent of ["#1f4fd8", "#7a0019", "#0b6b3a", "#5b21b6", "#000000", "#767676"]) {
      const [light = "", lightInk = "", dark = "", darkInk = ""] = roles(createTheme({ name: "Acme", accent }));
      const pairs = [
        [light, "#ffffff"],
        [light, lightInk],
        [dark, "#171d26"],
        [dark, darkInk],
      ] as const;
      for (const [one, other] of pairs) {
        const contrast = contrastOf(parseColour(one), parseColour(other));
        assert.ok(contrast >= 4.5, `${one} on ${other}, of ${accent}: ${contrast}`);
      }
    }
  });

  it("takes no logo from elsewhere", () => {
    for (const logo of [
      "https://evil.example/a.png",
      "//evil.example/a.png",
      "javascript:alert(1)",
      "/\\evil.example",
    ]) {
      assert.throws(() => createTheme({ name: "Acme", logo }), TypeError);
    }
    assert.equal(createTheme({ name: "Acme", logo: "/acme.svg" }).logo, "/acme.svg");
  });
});
