/**
 * The address at which an issuer ends sessions is open to everybody, and whoever can make it believe them signs people
 * out at will. A logout token counts only with the issuer's signature, as a logout token, and once.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { generateKeyPair, SignJWT, UnsecuredJWT } from "jose";
import { openRelyingPartyKit, TestBrowser, type RelyingPartyKit } from "../../testing/relying-party-kit.ts";

const EVENT = "http://schemas.openid.net/event/backchannel-logout";

describe("a logout token", () => {
  let kit: RelyingPartyKit;
  before(async () => {
    kit = await openRelyingPartyKit();
  });
  after(() => kit[Symbol.asyncDispose]());

  async function tell(token: string): Promise<number> {
    const body = new URLSearchParams({ logout_token: token });
    const request = new Request("https://app.example/auth/back-channel-logout", { method: "POST", body });
    return (await new TestBrowser(kit).send(request)).status;
  }

  const draft = (claims: Readonly<Record<string, unknown>> = {}) =>
    kit.issuer.logoutDraft("app", { sub: "ada", ...claims });

  it("ends nothing when it is forged, for somebody else, too old or something else", async () => {
    const browser = new TestBrowser(kit);
    await browser.signIn();
    const { privateKey } = await generateKeyPair("ES256");
    const { claims, header } = draft();
    const long = Math.floor(Date.now() / 1000) - 3600;
    const forged = {
      unsigned: new UnsecuredJWT(claims).encode(),
      "another key": await new SignJWT(claims).setProtectedHeader(header).sign(privateKey),
      audience: await kit.issuer.sign(draft({ aud: "another" })),
      issuer: await kit.issuer.sign(draft({ iss: "https://evil.example" })),
      old: await kit.issuer.sign(draft({ iat: long, exp: long + 120 })),
      "old and yet to expire": await kit.issuer.sign(draft({ iat: long, exp: long + 86_400 })),
      "an ID token": await kit.issuer.sign(draft({ nonce: "n", events: undefined })),
      "a nonce": await kit.issuer.sign(draft({ nonce: "n" })),
      "another event": await kit.issuer.sign(draft({ events: { "urn:example": {} } })),
      "no subject": await kit.issuer.sign(draft({ sub: undefined })),
      "no identifier": await kit.issuer.sign(draft({ jti: undefined })),
      nothing: "",
    };
    for (const [what, token] of Object.entries(forged)) assert.equal(await tell(token), 400, what);
    assert.equal(await browser.who(), "user ada");
  });

  it("ends all sessions of a person, and those of later sign-ins not by being repeated", async () => {
    const [first, second] = [new TestBrowser(kit), new TestBrowser(kit)];
    await first.signIn();
    await second.signIn();
    const token = await kit.issuer.sign(draft({ events: { [EVENT]: {} } }));
    assert.equal(await tell(token), 200);
    await first.get("/who");
    assert.deepEqual([await first.who(), await second.who()], ["anonymous -", "anonymous -"]);
    await first.signIn();
    assert.equal(await tell(token), 400);
    assert.equal(await first.who(), "user ada");
  });
});
