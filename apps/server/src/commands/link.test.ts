import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { defineApplication } from "gatehouse";
import { requireConfig, systemClock, systemRandom } from "gatehouse/kernel";
import { makeInstallation } from "../../../../test/support/installation.ts";
import type { CommandContext } from "../command.ts";
import { link } from "./link.ts";

const grant = { principalType: "user", principalId: "ada", grants: [] } as const;
const application = defineApplication({
  linkTargets: { member: { path: "/enter/", tenant: "default", grant, lifetime: 60_000 } },
});

interface Answer {
  readonly code: number;
  readonly printed: readonly string[];
}

describe("gatehouse link", () => {
  let directory: string;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "gatehouse-link-"));
    await makeInstallation(directory);
  });
  after(() => rm(directory, { recursive: true, force: true }));

  /** What the command printed, with its exit code. */
  async function run(words: readonly string[], flags: CommandContext["flags"] = {}): Promise<Answer> {
    return ask(words, { flags });
  }

  async function ask(
    words: readonly string[],
    { json = false, flags = {} }: Partial<Pick<CommandContext, "json" | "flags">>,
  ): Promise<Answer> {
    const config = requireConfig({
      file: { profile: "development", dataDirectory: directory },
      clock: systemClock,
    });
    const printed: string[] = [];
    const note = (line = ""): void => void printed.push(line);
    const printJson = (value: unknown): void => note(JSON.stringify(value));
    const terminal = { print: note, note, printJson, style: (_: string, text: string) => text };
    const machine = { clock: systemClock, random: systemRandom, environment: {}, stop: new AbortController().signal };
    const line = { words, flags, json, terminal, log: process.stdout };
    const context: CommandContext = { config, application, ...line, ...machine };
    return { code: await link.run(context), printed };
  }

  it("makes a link for any purpose the application names", async () => {
    const { code, printed } = await run(["member"]);
    assert.equal(code, 0);
    assert.match(printed.join("\n"), /^http:\/\/localhost:8080\/enter\/[\w-]{27}$/);
  });

  it("answers scripts with the whole address, too", async () => {
    const { printed } = await ask(["member"], { json: true });
    const { path, url } = JSON.parse(printed.join("")) as { readonly path: string; readonly url: string };
    assert.equal(url, `http://localhost:8080${path}`);
  });

  it("is of the tenant that is named, where the application does not say whose", async () => {
    const own = await run(["console"], { tenant: "harbour", "new-tenant": true });
    assert.equal(own.code, 0);
    assert.match(own.printed.join(), /\/console\/enter\//);
    const member = await run(["member"], { tenant: "harbour", "new-tenant": true });
    assert.equal(member.code, 1);
    assert.match(member.printed.join(), /are of the tenant "default"/);
    await assert.rejects(run(["console"], { tenant: "harbour" }), /Nothing is known of a tenant/);
  });

  it("refuses a purpose nobody has named, and names those there are where none is given", async () => {
    const { code, printed } = await run(["elsewhere"]);
    assert.equal(code, 1);
    assert.match(printed.join("\n"), /There are no links for "elsewhere"/);
    await assert.rejects(async () => run([]), /gatehouse link console, or gatehouse link member\./);
  });
});
