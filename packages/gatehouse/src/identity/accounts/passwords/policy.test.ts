import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { normalisePassword, PasswordPolicy } from "./policy.ts";

const ada = { names: ["Ada Lovelace", "ada.lovelace@example.org"], secondFactor: false };

describe("the password policy", () => {
  const policy = new PasswordPolicy();
  const refused = async (password: string, owner = ada) => (await policy.check(password, owner)).length > 0;

  it("asks for 15 characters of a password that stands alone, for 8 beside a second factor", async () => {
    assert.equal(await refused("kq7#vR2!mZ9x"), true);
    assert.equal(await refused("kq7#vR2!mZ9x", { ...ada, secondFactor: true }), false);
    assert.equal(await refused("kq7#vR2", { ...ada, secondFactor: true }), true);
    assert.equal(await refused("kq7#vR2!mZ9x4pT"), false);
  });

  it("takes words, blanks and any script, without rules of composition", async () => {
    assert.equal(await refused("seven lanterns cross the frozen pond"), false);
    assert.equal(await refused("夜明けの灯台に七羽の海鳥が鳴く"), false);
    assert.equal(await refused("🦜🌋🪁🎻🦔🧭🍋🪼🛶🧦🪐🦀🪵🎲🧊"), false);
  });

  it("counts characters, not bytes, and ends at 256", async () => {
    const text = Array.from({ length: 256 }, (_, index) => String.fromCodePoint(0x4e00 + ((index * 97) % 5000))).join(
      "",
    );
    assert.equal(await refused(text), false);
    assert.equal(await refused(`${text}x`), true);
    assert.equal(await refused("\ud800 lone surrogates are no text"), true);
  });

  it("refuses what everybody tries, however it is spelt or repeated", async () => {
    for (const password of [
      "passwordpassword1",
      "P4ssw0rd!P4ssw0rd!",
      "123456789012345",
      "qwertyuiopasdfgh",
      "aaaaaaaaaaaaaaaaaaaa",
      "iloveyouforever",
    ]) {
      assert.equal(await refused(password), true, password);
    }
  });

  it("refuses what consists of somebody's name or address", async () => {
    for (const password of ["ada.lovelace@example.org", "AdaLovelaceAda99", "Lovelace-ada-1815"]) {
      assert.equal(await refused(password), true, password);
    }
    assert.equal(await refused("ada likes quiet engines"), false);
  });

  it("refuses what a blocklist knows", async () => {
    const breached = "seven lanterns cross the frozen pond";
    const listed = new PasswordPolicy([{ has: async (password) => password === breached }]);
    assert.match((await listed.check(breached, ada))[0]?.message ?? "", /breach/);
    assert.deepEqual(await listed.check(`${breached} twice`, ada), []);
  });

  it("does not hold up everything else for long, whatever is to be estimated", async () => {
    await policy.check("loads the lists first", ada);
    const before = process.cpuUsage();
    for (const password of ["P4ssw0rd!", "1!|10@4$5$5s", "tr0ub4dor&3xyzzy4"])
      await policy.check(password.repeat(14), ada);
    // Without bounds on length and spellings each of them takes seconds.
    assert.ok(process.cpuUsage(before).user < 2_000_000);
  });
});

describe("a normalised password", () => {
  it("is the same however a keyboard composes its letters", () => {
    assert.equal(normalisePassword("cafe\u0301 ﬁve"), normalisePassword("caf\u00e9 five"));
  });
});
