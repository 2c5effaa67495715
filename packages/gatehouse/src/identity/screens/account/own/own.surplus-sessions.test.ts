/**
 * A thief with somebody's password signs in so often that the list of sessions ends before those that matter. The owner
 * ends all others, is told that it is done, and the thief goes on with one that was beyond the list.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { ArtifactCodec } from "../../../engine/artifact-codec.ts";
import { AccountSite, DESK } from "../../../../testing/account-site.ts";

const SURPLUS = 450;
const HOUR = 3_600_000;

describe("more sessions than a list has", () => {
  let site: AccountSite;
  before(async () => (site = await AccountSite.open(DESK)));
  after(() => site[Symbol.asyncDispose]());

  it("end with all others", async () => {
    const ada = await site.join("Ada");
    const { store, keyRing, sealer } = site.gatehouse.services;
    const { artifacts } = site.identity;
    const codec = new ArtifactCodec({ keyRing, sealer, tenant: ada.tenant });
    const [browser, thief] = [site.browser(), site.browser()];
    await site.signIn(thief, ada);
    await site.signIn(browser, ada);
    const page = await browser.open("/account/sessions");
    // What as many sign-ins would have left in the store.
    await store.write(async (writing) => {
      for (let number = 0; number < SURPLUS; number += 1) {
        const id = crypto.randomUUID();
        const key = codec.keyOf("Session", id);
        const payload = {
          kind: "Session",
          jti: id,
          uid: id,
          accountId: ada.id,
          loginTs: Math.floor(site.now() / 1000),
        };
        const relations = { alias: codec.aliasOf("Session", "uid", id), account: ada.id };
        await artifacts.put(writing, {
          ...{ key, tenant: ada.tenant, kind: "Session", body: codec.seal(key, payload), ...relations },
          ...{ grant: undefined, client: undefined, expiresAt: site.now() + 3 * HOUR },
        });
      }
    });
    assert.equal((await browser.submit(page, "/sessions/end-others")).status, 200);
    const owner = { tenant: ada.tenant, account: ada.id, kind: "Session" };
    const left = await site.read((reading) => artifacts.listOf(reading, owner, 1000));
    assert.equal(left.length, 1, "the browser's own");
    assert.match((await thief.open("/account")).url.pathname, /^\/sign-in\//);
    assert.equal((await browser.open("/account")).url.pathname, "/account");
  });
});
