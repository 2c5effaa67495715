import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { agentIn, userAgentFamily } from "./user-agent.ts";

const CASES: readonly (readonly [header: string | null, name: string, mobile: boolean])[] = [
  ["Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux", false],
  ["Mozilla/5.0 (X11; Linux x86_64; rv:141.0) Gecko/20100101 Firefox/141.0", "Firefox on Linux", false],
  [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Safari/537.36 Edg/139.0.0.0",
    "Edge on Windows",
    false,
  ],
  [
    "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Mobile Safari/537.36",
    "Chrome on Android",
    true,
  ],
  [
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
    "Safari on iOS",
    true,
  ],
  ["Gallery/4.2 CFNetwork/1568 Darwin/24.5.0", "Gallery on macOS", false],
  ["curl/8.14.1", "curl", false],
  [
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/139.0.0.0",
    "Chrome on Linux",
    false,
  ],
  ["Mozilla/5.0 (X11; Linux x86_64)", "Unknown program on Linux", false],
  ["", "Unknown program", false],
  [null, "Unknown program", false],
  [`x${"\u0000".repeat(20_000)}`, "x", false],
];

describe("the family of a user agent", () => {
  it("says which kind of program runs where, and not its version", () => {
    for (const [header, name, mobile] of CASES) assert.deepEqual(userAgentFamily(header), { name, mobile });
  });

  it("is said in other languages, too", () => {
    const german = { agentOn: "unter", agentUnknown: "Unbekanntes Programm" };
    const names = ["Firefox on Linux", "Unknown program on Linux", "curl", "Unknown program"];
    assert.deepEqual(
      names.map((name) => agentIn(german, name)),
      ["Firefox unter Linux", "Unbekanntes Programm unter Linux", "curl", "Unbekanntes Programm"],
    );
  });
});
