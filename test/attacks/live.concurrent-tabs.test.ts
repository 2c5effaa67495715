// Somebody opens two tabs, or reaches two servers behind one balancer, and does the same thing in both at once: spends
// one balance twice, or acts on what the other tab has changed. Of what is meant for one state, one must win.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { skipWithout, startPostgres } from "gatehouse/testing";
import { Client, type Answer } from "../support/client.ts";
import { ServerProcess, startServer } from "../support/server-process.ts";

const config = fileURLToPath(new URL("../support/applications/till.ts", import.meta.url));
const ROUNDS = 6;
/** Tabs that act at once. */
const TABS = 8;

let addresses = 0;

/** One person's tabs, spread over the servers. */
async function tabsAt(servers: readonly ServerProcess[]): Promise<Client[]> {
  addresses += 1;
  const headers = { "x-forwarded-for": `10.9.0.${addresses}` };
  const [first] = servers;
  assert.ok(first !== undefined);
  const client = new Client({ url: first.url, headers });
  assert.equal((await client.open("/")).status, 200);
  return Array.from({ length: TABS }, (_, index) => client.clone(servers[index % servers.length]?.url));
}

async function balanceOf(client: Client, name: string): Promise<{ coins: number; spent: number }> {
  await client.open("/");
  const answer = await client.act(name, "look");
  assert.equal(answer.status, 200, answer.text);
  return answer.json.state;
}

/** How often each answer occurred. */
function tally(answers: readonly Answer[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { status, json } of answers) {
    const name = status === 200 ? "done" : `${status} ${json.code}`;
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

function describeTabs(
  title: string,
  open: (stack: AsyncDisposableStack) => Promise<ServerProcess[]>,
  skip: string | false,
): void {
  describe(title, { skip }, () => {
    const stack = new AsyncDisposableStack();
    let servers: ServerProcess[] = [];
    before(async () => {
      servers = await open(stack);
    });
    after(() => stack.disposeAsync());

    // What is kept in the page alone begins anew with the next page: of it, one version is acted on once.
    for (const [name, isStored] of [
      ["till", true],
      ["purse", false],
    ] as const) {
      it(`spend the same coins of a ${name} once`, async () => {
        for (let round = 0; round < ROUNDS; round += 1) {
          const tabs = await tabsAt(servers);
          const answers = await Promise.all(tabs.map((tab) => tab.act(name, "spend", { amount: 100 })));
          assert.deepEqual(tally(answers), { done: 1, "409 STATE_CONFLICT": TABS - 1 });
          const [tab] = tabs;
          assert.ok(tab !== undefined);
          if (!isStored) continue;
          const current = { coins: 0, spent: 100 };
          for (const { status, json } of answers) if (status === 409) assert.deepEqual(json.state, current);
          assert.deepEqual(await balanceOf(tab, name), current);
        }
      });

      it(`spend nothing on a state of a ${name} that another tab has changed`, async () => {
        const [one, two] = await tabsAt(servers);
        assert.ok(one !== undefined && two !== undefined);
        assert.equal((await one.act(name, "spend", { amount: 60 })).status, 200);
        for (const again of [1, 2]) {
          const late = await two.act(name, "spend", { amount: 60 });
          assert.deepEqual([late.status, late.json.code], [409, "STATE_CONFLICT"], `try ${again}`);
        }
        if (!isStored) return;
        assert.deepEqual(await balanceOf(two, name), { coins: 40, spent: 60 });
        assert.equal((await two.act(name, "spend", { amount: 40 })).status, 200);
      });
    }

    it("lose nothing of what commutes", async () => {
      const tabs = await tabsAt(servers);
      const [tab] = tabs;
      assert.ok(tab !== undefined);
      const all = Array.from({ length: 5 }, () => tabs).flat();
      const answers = await Promise.all(all.map((each) => each.act("till", "earn", { amount: 1 })));
      const { coins } = await balanceOf(tab, "till");
      // On a busy machine some are told that the store has given them up.
      const {
        done = 0,
        "409 STATE_CONFLICT": conflicts = 0,
        "503 STORE_UNAVAILABLE": given = 0,
        ...rest
      } = tally(answers);
      assert.deepEqual(rest, {});
      assert.equal(done + conflicts + given, all.length);
      assert.equal(coins, 100 + done, "each that was answered with success, and no other");
      assert.ok(done >= TABS);
    });

    it("execute one intent once, whichever tab and server it is repeated at", async () => {
      const tabs = await tabsAt(servers);
      const [tab] = tabs;
      assert.ok(tab !== undefined);
      const key = crypto.randomUUID();
      const answers = await Promise.all(tabs.map((each) => each.act("till", "spend", { amount: 10 }, { key })));
      assert.deepEqual(tally(answers), { done: TABS });
      assert.equal(answers.filter(({ json }) => json.idempotency.cached === false).length, 1);
      assert.deepEqual(await balanceOf(tab, "till"), { coins: 90, spent: 10 });
    });
  });
}

describeTabs("tabs at one server", async (stack) => [stack.use(await startServer({ config }))], false);

const missing = await skipWithout("postgres");

describeTabs(
  "tabs at two servers on one PostgreSQL",
  async (stack) => {
    const directory = await mkdtemp(join(tmpdir(), "gatehouse-tabs-"));
    stack.defer(() => rm(directory, { recursive: true, force: true }));
    const postgres = stack.use(await startPostgres());
    const database = await postgres.createDatabase();
    stack.use(database);
    const environment = {
      GATEHOUSE_STORE_ENGINE: "postgres",
      GATEHOUSE_STORE_POSTGRES_URL: database.url,
      GATEHOUSE_KEYS_FILE: join(directory, "keys.json"),
    };
    const launch = (name: string): Promise<ServerProcess> =>
      ServerProcess.launch({ data: join(directory, name), config, environment });
    const servers = [stack.use(await launch("first")), stack.use(await launch("second"))];
    await Promise.all(servers.map((server) => server.ready()));
    return servers;
  },
  missing,
);
