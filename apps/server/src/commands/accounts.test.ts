import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { commandDesk, type CommandDesk } from "../../../../test/support/command-desk.ts";

const MAIN = fileURLToPath(new URL("../main.ts", import.meta.url));

describe("gatehouse accounts", () => {
  let desk: CommandDesk;
  before(async () => {
    desk = await commandDesk();
  });
  after(() => desk[Symbol.asyncDispose]());

  const run = (...words: string[]) => desk.run("accounts", ...words);

  async function answer(...words: string[]) {
    const { code, stdout, stderr } = await run(...words, "--json");
    assert.equal(code, 0, stderr + stdout);
    return JSON.parse(stdout);
  }

  it("makes an administrator with a link instead of a password, and shows what became of it", async () => {
    const made = await run("create", "Root@example.org", "--name", "Root", "--grants", "operator");
    assert.equal(made.code, 0, made.stderr);
    const [, id = "", link = ""] =
      /^root@example\.org has the account (\S+)\.\n.*within half an hour:\n(\S+)\n$/i.exec(made.stdout) ?? [];
    assert.equal(new URL(link).origin, desk.origin);
    assert.match(new URL(link).pathname, /^\/account\/reset\/[\w-]{27}$/);
    const shown = await answer("show", "root@example.org");
    assert.deepEqual([shown.id, shown.grants, shown.factors], [id, ["operator"], []]);
    const { stdout } = await run("list", "--email", "root@example.org");
    assert.match(stdout, new RegExp(`^ID .*LAST SIGN-IN\n${id}  root@example.org  Root  active  -  +operator  -\n$`));
    assert.match((await run("show", id)).stdout, /^address {7}root@example\.org, not proven$/m);
    const again = await run("create", "root@example.org");
    assert.deepEqual([again.code, again.stderr.trim()], [1, "There is an account with this e-mail address already."]);
    assert.match((await run("link", id)).stdout, /\/account\/reset\/[\w-]{27}\n$/);
  });

  it("takes a password from the standard input, and from nowhere else", async () => {
    assert.equal(await create("piped@example.org", "seven lanterns cross the pond\n"), 0);
    assert.deepEqual(
      (await answer("show", "piped@example.org")).factors.map(({ kind }: { kind: string }) => kind),
      ["password"],
    );
    assert.equal(await create("weak@example.org", "password1\n"), 1);
    assert.equal(await create("nothing@example.org", ""), 2);
    const { code, stderr } = await run("create", "open@example.org", "--password", "seven lanterns");
    assert.equal(code, 2);
    assert.match(stderr, /There is no flag --password/);
  });

  async function create(email: string, piped: string): Promise<number> {
    const words = ["accounts", "create", email, "--password-stdin", "--data", desk.data];
    const child = spawn(process.execPath, ["--conditions=gatehouse-source", MAIN, ...words], {
      stdio: ["pipe", "ignore", "ignore"],
    });
    child.stdin.end(piped);
    const [code] = await once(child, "close");
    return Number(code);
  }

  it("invites, changes and deletes, each with its row in the audit trail", async () => {
    const { link } = await answer("invite", "guest@example.org", "--name", "Guest");
    const invited = await run("invite", "other@example.org");
    assert.match(invited.stderr, /A letter with this link is on its way to other@example\.org/);
    assert.match(invited.stdout, /^\S+\/invitation\/\S+$/m);
    assert.match(link, /\/invitation\/[\w-]{27}$/);
    assert.match((await run("list", "--email", "guest@example.org")).stdout, /^There is no such account/);
    const { id } = await answer("create", "ada@example.org");
    assert.match((await run("grant", id, "editor,reviewer")).stdout, /has editor, reviewer\.$/m);
    assert.match((await run("revoke-grant", id, "editor")).stdout, /has reviewer\.$/m);
    assert.match((await run("disable", id, "--reason", "left")).stdout, /is disabled/);
    assert.match((await run("link", id)).stderr, /This account is disabled/);
    assert.match((await run("enable", "ada@example.org")).stdout, /can sign in again/);
    assert.match((await run("sign-out", id, "--reason", "a stolen laptop")).stdout, /signed out everywhere/);
    assert.match((await run("reset-factors", id, "--reason", "a lost telephone")).stdout, /no second factors/);
    assert.match((await run("delete", id)).stdout, /is deleted/);
    assert.match((await run("show", id)).stderr, /There is no such account/);
    const trail = await desk.run("audit", "list", "--json");
    const rows: { name: string; target?: string; context: { reason?: string } }[] = JSON.parse(trail.stdout).events;
    const told = rows.filter(({ target }) => target === id).map(({ name, context }) => [name, context.reason]);
    assert.deepEqual(told.toReversed(), [
      ["user_created", undefined],
      ["user_updated", undefined],
      ["user_updated", undefined],
      ["user_disabled", "left"],
      ["user_enabled", undefined],
      ["user_signed_out", "a stolen laptop"],
      ["user_factors_reset", "a lost telephone"],
      ["user_deleted", undefined],
    ]);
    assert.ok(!trail.stdout.includes("@example.org"), "addresses stay out of the trail");
  });

  it("works in the tenant that is named, and begins none by a slip of the pen", async () => {
    const { id } = await answer("create", "tina@example.org", "--tenant", "harbour", "--new-tenant");
    assert.equal((await answer("list", "--tenant", "harbour")).accounts[0].id, id);
    for (const words of [["list"], ["create", "tom@example.org"]]) {
      const { code: refused, stderr: said } = await run(...words, "--tenant", "harbor");
      assert.equal(refused, 2);
      assert.match(said, /Nothing is known of a tenant "harbor".*default, harbour.*--new-tenant/s);
    }
    assert.deepEqual(await answer("list", "--tenant", "harbor", "--new-tenant"), { accounts: [] });
    assert.match((await run("list", "--tenant", "harbor", "--new-tenant")).stdout, /^Nobody has an account yet\./);
    assert.equal((await run("disable", id)).code, 1);
    assert.match((await run("list", "--help")).stdout, /--tenant/);
    const { code, stderr } = await desk.run("bans", "list", "--tenant", "harbour");
    assert.deepEqual([code, /no flag --tenant/.test(stderr)], [2, true], "where it would mean nothing");
  });

  it("says what is missing or wrong", async () => {
    for (const [words, said] of [
      [["show"], /Say whose/],
      [["create"], /Say whom/],
      [["sign-out", "ada@example.org"], /Say why/],
      [["grant", "ada@example.org"], /Say what/],
      [["list", "--limit", "1000"], /from 1 to 200/],
    ] as const) {
      const { code, stderr } = await run(...words);
      assert.equal(code, 2);
      assert.match(stderr, said);
    }
    assert.match((await run("create", "nobody")).stderr, /not an e-mail address/);
  });
});

describe("gatehouse accounts where no server runs", () => {
  it("works on the installation itself", async () => {
    await using desk = await commandDesk();
    await desk.stop();
    const made = await desk.run("accounts", "create", "root@example.org", "--json");
    assert.equal(made.code, 0, made.stderr);
    const { stdout } = await desk.run("accounts", "list", "--json");
    assert.equal(JSON.parse(stdout).accounts[0].id, JSON.parse(made.stdout).id);
  });
});
