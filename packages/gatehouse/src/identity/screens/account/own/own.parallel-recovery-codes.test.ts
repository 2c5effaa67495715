/**
 * Recovery codes made many times at once: if sets mingled, more codes than the person knows of would open the account, or
 * none of those they wrote down. Of sets made at the same time one counts, and all of it.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { AccountSite } from "../../../../testing/account-site.ts";

describe("recovery codes that are made 32 times at once", () => {
  let site: AccountSite;
  before(async () => (site = await AccountSite.open()));
  after(() => site[Symbol.asyncDispose]());

  it("are one set in the end, of which every code was shown together", async () => {
    const ada = await site.join("Ada");
    const secret = await site.addTotp(ada);
    const browser = site.browser();
    await site.signIn(browser, ada, { secret });
    const page = await browser.open("/account/factors");
    const answers = await Promise.all(Array.from({ length: 32 }, () => browser.submit(page, "/recovery-codes")));
    const sets = answers.map(({ text }) =>
      [...text.matchAll(/<li>([0-9A-Z-]{19})<\/li>/g)].map(([, code = ""]) => code),
    );
    assert.deepEqual(new Set(sets.map(({ length }) => length)), new Set([10]));
    const { accounts } = site.identity;
    const left = await site.read((reading) => accounts.recoveryCodes.remaining(reading, ada));
    assert.equal(left, 10);
    const found = await site.read((reading) => accounts.directory.find(reading, ada));
    assert.ok(found !== undefined);
    const good = await Promise.all(sets.map(([code = ""]) => isGood(code)));
    assert.equal(good.filter(Boolean).length, 1);
    const [whole = []] = sets.filter((_set, index) => good[index]);
    assert.deepEqual(
      await Promise.all(whole.map(isGood)),
      whole.map(() => true),
    );

    async function isGood(code: string): Promise<boolean> {
      const authentication = {
        ...{ account: { tenant: ada.tenant, id: ada.id }, changedAt: found?.changedAt ?? 0 },
        uses: [{ factor: "password", at: site.now() }] as const,
      };
      const source = { ip: `198.51.100.${code.charCodeAt(0)}`, devices: [accounts.devices.mark(ada)], read: site.read };
      const prepared = await accounts.recoveryCodes.prepare({ ...source, authentication, code });
      return !("problem" in prepared);
    }
  });
});
