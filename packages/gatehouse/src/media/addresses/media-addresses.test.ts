import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { describe, it } from "node:test";
import fc from "fast-check";
import { lengthPrefixed } from "../../kernel/codec.ts";
import { generateKeyMaterial, rotateKeyMaterial } from "../../kernel/key-material.ts";
import { createReplaceableKeyRing } from "../../kernel/key-ring.ts";
import { createFakeClock } from "../../testing/fake-clock.ts";
import { createDeterministicRandom } from "../../testing/deterministic-random.ts";
import { createMediaAddresses, type CheckedAddress, type MediaAddresses } from "./media-addresses.ts";

const MINUTE = 60_000;
const WINDOWS = { pictures: 15 * MINUTE, originals: 5 * MINUTE, shortened: MINUTE };
const SUBJECT = {
  asset: "0123456789abcdef0123456789abcdef",
  variant: "thumb",
  grant: { id: "j:7.a-b_C", generation: 4 },
};

function setup() {
  const clock = createFakeClock();
  const random = createDeterministicRandom();
  let material = generateKeyMaterial(random, clock);
  const keyRing = createReplaceableKeyRing(material, clock);
  const state = { shortened: false };
  const parts = { keyRing, clock, windows: WINDOWS, shortened: () => state.shortened };
  const rotate = (): void => {
    material = rotateKeyMaterial(material, random, clock);
    keyRing.replace(material);
  };
  return { clock, keyRing, state, parts, rotate, addresses: createMediaAddresses(parts) };
}

function check(addresses: MediaAddresses, address: string): ReturnType<MediaAddresses["check"]> {
  const url = new URL(address, "https://app.example");
  return addresses.check(url.pathname, url.search);
}

function good(addresses: MediaAddresses, address: string): CheckedAddress {
  const checked = check(addresses, address);
  if (typeof checked === "string") return assert.fail(`${checked}: ${address}`);
  return checked;
}

describe("signed addresses", () => {
  it("say what they are for, and nothing is lost on the way", () => {
    const { addresses, clock } = setup();
    const checked = good(addresses, addresses.sign(SUBJECT));
    const { expiresAt, ...subject } = checked;
    assert.deepEqual(subject, SUBJECT);
    assert.ok(expiresAt * 1000 > clock.now() + 15 * MINUTE && expiresAt * 1000 <= clock.now() + 30 * MINUTE);
  });

  it("are HMAC-SHA-256 over what another library hashes alike", () => {
    const { addresses, keyRing } = setup();
    const address = addresses.sign(SUBJECT);
    const [path = "", search = ""] = address.split("?");
    const { e, g, s } = Object.fromEntries(new URLSearchParams(search));
    const mac = createHmac("sha256", keyRing.current("media.addresses").bytes);
    const parts = lengthPrefixed(["gm1", "GET", path, e ?? "", g ?? ""]);
    assert.equal(s, mac.update(parts).digest("base64url"));
  });

  it("are the same for everybody within a window, so that caches keep one file once", async () => {
    const { addresses, clock } = setup();
    const first = addresses.sign(SUBJECT);
    await clock.advance(15 * MINUTE - 1000);
    assert.equal(addresses.sign(SUBJECT), first);
    good(addresses, first);
    await clock.advance(1000);
    assert.notEqual(addresses.sign(SUBJECT), first);
    good(addresses, first);
    await clock.advance(15 * MINUTE - 1000);
    good(addresses, first);
    await clock.advance(1000);
    assert.equal(check(addresses, first), "expired");
  });

  it("end sooner for originals", async () => {
    const { addresses, clock } = setup();
    const address = addresses.sign({ ...SUBJECT, variant: "original" });
    await clock.advance(10 * MINUTE);
    assert.equal(check(addresses, address), "expired");
  });

  it("end at once when an incident shortens them, and new ones work", () => {
    const { addresses, state } = setup();
    const before = addresses.sign(SUBJECT);
    state.shortened = true;
    assert.equal(check(addresses, before), "too long");
    const during = addresses.sign(SUBJECT);
    assert.notEqual(during, before);
    good(addresses, during);
    state.shortened = false;
    good(addresses, before);
    good(addresses, during);
  });

  it("survive a rotation of the keys, and not a second one", () => {
    const { addresses, rotate } = setup();
    const first = addresses.sign(SUBJECT);
    rotate();
    const second = addresses.sign(SUBJECT);
    assert.notEqual(second, first);
    good(addresses, first);
    rotate();
    good(addresses, second);
    assert.equal(check(addresses, first), "unknown key");
  });

  it("begin with the origin that serves media", () => {
    const { addresses, parts } = setup();
    const elsewhere = createMediaAddresses({ ...parts, origin: "https://media.example" });
    assert.equal(elsewhere.sign(SUBJECT), `https://media.example${addresses.sign(SUBJECT)}`);
  });

  it("are signed in one go for lists", () => {
    const { addresses } = setup();
    const subjects = ["thumb", "view", "original"].map((variant) => ({ asset: SUBJECT.asset, variant }));
    assert.deepEqual(
      addresses.signAll(subjects, SUBJECT.grant),
      subjects.map((subject) => addresses.sign({ ...subject, grant: SUBJECT.grant })),
    );
  });

  it("are not made for what is no asset, variant or grant", () => {
    const { addresses } = setup();
    for (const wrong of [
      { asset: "../../etc/passwd" },
      { asset: SUBJECT.asset.toUpperCase() },
      { variant: "thumb.svg" },
      { variant: "a/b" },
      { grant: { id: "a&e=9", generation: 1 } },
      { grant: { id: "", generation: 1 } },
    ]) {
      assert.throws(() => addresses.sign({ ...SUBJECT, ...wrong }), TypeError);
    }
  });
});

// Attack: somebody who has seen addresses makes others of them: of another file, of a later end, of another grant; by
// changing a character, moving one from field to field, or writing the same in another way.
describe("forged addresses", () => {
  it("with any one character changed", () => {
    const { addresses } = setup();
    const address = addresses.sign(SUBJECT);
    for (let at = 0; at < address.length; at += 1) {
      for (const character of "0a1B-_/.&=%") {
        if (address[at] === character) continue;
        const forged = address.slice(0, at) + character + address.slice(at + 1);
        const [path = "", search = ""] = forged.split("?");
        assert.equal(typeof addresses.check(path, search === "" ? "" : `?${search}`), "string", forged);
      }
    }
  });

  it("with fields missing, twice, in another order, or more of them", () => {
    const { addresses } = setup();
    const [path = "", search = ""] = addresses.sign(SUBJECT).split("?");
    const fields = search.split("&");
    const forms = [
      "",
      ...fields.map((_, index) => fields.toSpliced(index, 1).join("&")),
      ...fields.map((field) => [...fields, field].join("&")),
      fields.toReversed().join("&"),
      `${search}&x=1`,
      `x=1&${search}`,
      search.replace("e=", "e=+"),
      search.replace("e=", "e=0"),
      search.replace("s=", "s=%"),
      `${search}=`,
      `${search}%00`,
    ];
    for (const form of forms) assert.equal(addresses.check(path, `?${form}`), "malformed", form);
  });

  it("with parts of other addresses", () => {
    const { addresses } = setup();
    const parts = (address: string): string[] => address.split(/[?&]/);
    const one = parts(addresses.sign(SUBJECT));
    const two = parts(
      addresses.sign({ asset: "f".repeat(32), variant: "original", grant: { id: "j:7.a-b_C", generation: 5 } }),
    );
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 5, maxLength: 5 }), (from) => {
        const mixed = from.map((other, index) => (other ? two : one)[index] ?? "");
        const isOne = mixed.every((part, index) => part === one[index]);
        const isTwo = mixed.every((part, index) => part === two[index]);
        const [path = "", ...fields] = mixed;
        assert.equal(typeof addresses.check(path, `?${fields.join("&")}`) === "object", isOne || isTwo);
      }),
    );
  });

  it("with a signature that decodes to the same bytes", () => {
    const { addresses } = setup();
    const address = addresses.sign(SUBJECT);
    const last = address.at(-1) ?? "";
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const twins = [...alphabet].filter((character) => {
      const same = (text: string): string => Buffer.from(text, "base64url").toString("hex");
      const signature = address.slice(-43);
      return character !== last && same(signature) === same(signature.slice(0, -1) + character);
    });
    assert.equal(twins.length, 3);
    for (const twin of twins) assert.equal(check(addresses, address.slice(0, -1) + twin), "signature");
  });

  it("signed by keys of another purpose or another server", () => {
    const { parts, keyRing, addresses } = setup();
    const other = setup();
    other.rotate();
    const foreign = createMediaAddresses({ ...parts, keyRing: other.keyRing }).sign(SUBJECT);
    assert.equal(check(addresses, foreign), "unknown key");
    const renamed = foreign.replace(/k=\w+/, `k=${keyRing.current("media.addresses").id}`);
    assert.equal(check(addresses, renamed), "signature");
  });
});
