import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { runCommand, startServer, type ServerProcess } from "../../../../test/support/server-process.ts";

describe("gatehouse oauth", () => {
  let server: ServerProcess;
  before(async () => {
    server = await startServer();
  });
  after(() => server[Symbol.asyncDispose]());

  const run = (...words: string[]) => runCommand(["oauth", ...words], { data: server.data });

  it("lists grants, in words and as JSON", async () => {
    const { code, stdout } = await run("list-grants", "--user", "nobody", "--state", "lasting");
    assert.deepEqual([code, stdout.trim()], [0, "No grant matches."]);
    const { stdout: json } = await run("list-grants", "--json");
    assert.deepEqual(JSON.parse(json), { grants: [] });
  });

  it("ends grants for a reason", async () => {
    const { stdout } = await run("revoke-grants", "--client", "app", "--reason", "a leak", "--json");
    assert.deepEqual(JSON.parse(stdout), { grants: 0, artifacts: 0 });
    const trail = await runCommand(["audit", "list", "--name", "oauth_grant_revoked"], { data: server.data });
    assert.match(trail.stdout, /client:app .*reason="a leak"/);
  });

  it("rehearses a policy on what was recorded", async () => {
    const { stdout } = await run("rehearse-policy", "--subnet", "deny", "--ipv4-prefix", "16", "--strict-mobile");
    assert.match(stdout, /^0 uses of 0 grants were compared/);
    assert.match(stdout, /step_up +0 +0/);
    const unknown = await run("rehearse-policy", "--subnet", "forbid");
    assert.equal(unknown.code, 1);
    assert.match(unknown.stderr, /step_up/);
    const wide = await run("rehearse-policy", "--ipv4-prefix", "many");
    assert.match(wide.stderr, /takes a number of bits/);
  });

  it("says what is missing or wrong", async () => {
    for (const words of [["revoke-grants"], ["revoke-grants", "--reason", "x"], ["revoke-grants", "--client", "app"]]) {
      const { code, stderr } = await run(...words);
      assert.notEqual(code, 0);
      assert.match(stderr, /Say which and why/);
    }
    const { stderr } = await run("list-grants", "--limit", "1000");
    assert.match(stderr, /from 1 to 200/);
    const wrong = await run("list-grants", "--ip", "somewhere");
    assert.equal(wrong.code, 1);
    assert.match(wrong.stderr, /neither an IP address nor a network/);
  });
});
