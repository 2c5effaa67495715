import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openPlannerServer, thingPlanner, type FoundThing, type PlannerServer } from "../../testing/planner-kit.ts";
import { describeReviewEngines } from "../../testing/review-engines.ts";
import { ADA, RITA } from "../../testing/review-kit-people.ts";
import { renamingType } from "../../testing/review-kit-things.ts";
import { ReviewKit } from "../../testing/review-kit.ts";
import { lookForWork, type Discovery } from "./look.ts";
import { definePlanner, type Planner } from "./planner.ts";
import { createPlanners } from "./planners.ts";
import { lookIfDue, startPlanners } from "./schedule.ts";

const found = (key: string, things: readonly string[] = [key]): FoundThing => ({ key, input: { things: [...things] } });
const NEVER = new AbortController().signal;

/** One look of a server's first planner. */
function look(server: PlannerServer, isDry = false): Promise<Discovery> {
  const [planner] = server.parts.planners.all();
  assert.ok(planner !== undefined);
  return lookForWork(server.parts, { planner, tenant: "acme", isDry });
}

/** What a look has come to, in a line. */
function summary({ found: proposed, settled, refused, more }: Discovery): string {
  const keys = proposed.map(({ key }) => key).join(" ");
  return `${keys}; settled ${settled}, refused ${refused.map(({ key }) => key).join(" ")}${more ? ", more" : ""}`;
}

/** The things of all orders that planners have proposed. */
async function proposals(kit: ReviewKit): Promise<readonly string[]> {
  const page = { filter: {}, limit: 1000 };
  const orders = await kit.store.read((transaction) => kit.parts.orders.list(transaction, "acme", page));
  return orders.map(({ input }) => input).toSorted();
}

const inputs = (...keys: readonly string[]): readonly string[] => keys.map((key) => `{"things":["${key}"]}`).toSorted();

async function end(kit: ReviewKit, order: string, state: "failed" | "dead_lettered"): Promise<void> {
  await kit.store.write(async (transaction) => {
    const locked = await kit.parts.orders.lock(transaction, { tenant: "acme", id: order });
    assert.ok(locked !== undefined);
    const event = { kind: state, actor: { type: "system", id: "work" }, details: "{}" } as const;
    const moved = { ...event, item: undefined, from: locked.state, to: state };
    await kit.parts.orders.change(transaction, locked, { state }, moved);
  });
}

await describeReviewEngines("planners", (open) => {
  it("propose what they find as the system, in its order and with its priority, and each thing once", async () => {
    await using kit = await open();
    const things = [{ ...found("b"), priority: 7, title: "Name b" }, found("a")];
    await using server = await openPlannerServer(kit, [thingPlanner(kit, () => things)]);
    assert.equal(summary(await look(server, true)), "b a; settled 0, refused ");
    assert.deepEqual(await proposals(kit), [], "a dry run proposes nothing");
    const first = await look(server);
    assert.equal(summary(first), "b a; settled 0, refused ");
    const [{ order = "" } = assert.fail()] = first.found;
    const { proposer, priority, state } = await kit.find(order);
    assert.deepEqual([proposer, priority, state], [{ type: "system", id: "planner:nameless-things" }, 7, "queued"]);
    assert.equal(summary(await look(server)), "; settled 2, refused ");
    assert.deepEqual(await proposals(kit), inputs("a", "b"));
    const rows = await server.gate.auditRows({});
    const row = rows.find(({ target }) => target === order);
    assert.deepEqual([row?.name, row?.actor.id], ["work_proposed", "planner:nameless-things"]);
  });

  it("propose nothing about what is open, done or unwanted, but another content of it once it has ended", async () => {
    await using kit = await open();
    let things = [found("done"), found("unwanted"), found("open")];
    await using server = await openPlannerServer(kit, [thingPlanner(kit, () => things)]);
    const [done, unwanted] = (await look(server)).found.map(({ order = "" }) => order);
    assert.ok(done !== undefined && unwanted !== undefined);
    await kit.work(done, {});
    await kit.run();
    await kit.done("work.approve", await kit.preview(done).then(seenOf), RITA);
    await kit.run();
    assert.equal((await kit.find(done)).state, "completed");
    await kit.done("work.cancel", { order: unwanted }, ADA);
    assert.equal(summary(await look(server)), "; settled 3, refused ");
    things = [found("done", ["x"]), found("unwanted", ["y"]), found("open", ["z"])];
    assert.equal(summary(await look(server)), "done unwanted; settled 1, refused ");
  });

  it("propose anew what was given up because nobody did it, and not what only has failed", async () => {
    await using kit = await open();
    await using server = await openPlannerServer(kit, [thingPlanner(kit, () => [found("a")])]);
    const [{ order = "" } = assert.fail()] = (await look(server)).found;
    await end(kit, order, "failed");
    assert.equal(summary(await look(server)), "; settled 1, refused ");
    await end(kit, order, "dead_lettered");
    assert.equal(summary(await look(server)), "a; settled 0, refused ");
  });

  it("propose each thing once however many servers look at once", async () => {
    await using kit = await open();
    const keys = ["a", "b", "c", "d"];
    const planner = thingPlanner(kit, () => keys.map((key) => found(key)));
    const servers = await Promise.all(["one", "two", "three"].map((name) => openPlannerServer(kit, [planner], name)));
    const looks = await Promise.all(servers.map((server) => look(server)));
    assert.equal(looks.flatMap((one) => one.found).length, keys.length);
    assert.deepEqual(await proposals(kit), inputs(...keys));
    for (const server of servers) await server[Symbol.asyncDispose]();
  });

  it("keep to how much they may propose at one look, and have open, however many servers look at once", async () => {
    await using kit = await open();
    const caps = { run: 2, open: 5 };
    const planner = thingPlanner(kit, () => ["a", "b", "c", "d", "e", "f", "g"].map((key) => found(key)), { caps });
    const servers = await Promise.all(["one", "two"].map((name) => openPlannerServer(kit, [planner], name)));
    const [server = assert.fail()] = servers;
    assert.equal(summary(await look(server)), "a b; settled 0, refused , more");
    assert.equal(summary(await look(server)), "c d; settled 2, refused , more");
    await Promise.all(servers.map((one) => look(one)));
    assert.deepEqual(await proposals(kit), inputs("a", "b", "c", "d", "e"));
    const held = await look(server);
    assert.deepEqual([held.found, held.more], [[], true]);
    for (const one of servers) await one[Symbol.asyncDispose]();
  });

  it("look once in an interval, however many servers there are", async () => {
    await using kit = await open();
    let looks = 0;
    const planner = thingPlanner(kit, () => {
      looks += 1;
      return [found("a")];
    });
    const servers = await Promise.all(["one", "two", "three"].map((name) => openPlannerServer(kit, [planner], name)));
    const due = () => Promise.all(servers.map(({ parts }) => lookIfDue(parts, planner, NEVER)));
    await due();
    assert.ok((await due()).every((wait) => wait > 0));
    assert.equal(looks, 1);
    const told = servers.flatMap((server) => server.told);
    assert.deepEqual(
      told.map(({ name, tenant, target, context }) => [name, tenant, target, context["proposed"]]),
      [["work_found", "acme", "nameless-things", 1]],
    );
    for (const server of servers) await server[Symbol.asyncDispose]();
  });
});

function seenOf({ order, revision, digest }: { order: string; revision: number; digest: string }) {
  return { order, revision, digest };
}

/** A planner on an embedded store, and its server. */
async function withPlanner(
  make: (kit: ReviewKit) => Planner,
  work: (server: PlannerServer, kit: ReviewKit, planner: Planner) => Promise<void>,
): Promise<void> {
  await using kit = await ReviewKit.open();
  const planner = make(kit);
  await using server = await openPlannerServer(kit, [planner]);
  await work(server, kit, planner);
}

describe("a planner", () => {
  it("looks again once its interval is over, and at once where the interval is another one", () => {
    let looks = 0;
    return withPlanner(
      (kit) => thingPlanner(kit, () => ((looks += 1), [])),
      async ({ parts, told }, kit, planner) => {
        await lookIfDue(parts, planner, NEVER);
        await kit.clock.advance(59_000);
        await lookIfDue(parts, planner, NEVER);
        assert.equal(looks, 1);
        await kit.clock.advance(2000);
        await lookIfDue(parts, planner, NEVER);
        assert.equal(looks, 2);
        await lookIfDue(parts, { ...planner, every: 5000 }, NEVER);
        assert.equal(looks, 3);
        assert.deepEqual(told, [], "nothing new is no news");
      },
    );
  });

  it("looks by itself until it is stopped", async () => {
    const looked = Promise.withResolvers<void>();
    await withPlanner(
      (kit) => thingPlanner(kit, () => (looked.resolve(), [found("a")])),
      async ({ parts }, kit) => {
        const running = startPlanners(parts);
        await looked.promise;
        await running[Symbol.asyncDispose]();
        const [order] = await proposals(kit);
        assert.ok(order === undefined || order === inputs("a")[0], "it ends with a proposal done or not begun");
      },
    );
  });

  it("is not held up by what cannot be proposed, and says what and why", () => {
    const broken = { key: "broken", input: { things: "no list" } } as unknown as FoundThing;
    const wild = { key: "wild", input: { things: ["w"] }, priority: 1000 };
    const nobody = { ...found("late"), key: "" };
    return withPlanner(
      (kit) =>
        thingPlanner(kit, () => [broken, wild, nobody, found("a"), found("a"), found("b")], { caps: { run: 2 } }),
      async (server, kit) => {
        const { refused, found: proposed } = await look(server);
        assert.deepEqual(
          proposed.map(({ key }) => key),
          ["a", "b"],
        );
        assert.deepEqual(
          refused.map(({ key }) => key),
          ["broken", "wild", "", "a"],
        );
        assert.match(
          refused.map(({ reason }) => reason).join("; "),
          /\/input\/things: .*; \/priority: .*; \/key: .*; It was found twice/,
        );
        assert.deepEqual(await proposals(kit), inputs("a", "b"));
      },
    );
  });

  it("whose look fails is told of, and looks in its other tenants all the same", () => {
    const things = (tenant: string): readonly FoundThing[] => {
      if (tenant === "broken") throw new Error("The archive is away.");
      return [found("a")];
    };
    return withPlanner(
      (kit) => thingPlanner(kit, things, { tenants: ["broken", "acme"] }),
      async ({ parts, told, reported }, kit, planner) => {
        await lookIfDue(parts, planner, NEVER);
        assert.deepEqual(await proposals(kit), inputs("a"));
        assert.match(String(reported), /The archive is away/);
        const said = told.map(({ name, tenant, outcome }) => `${name} ${tenant} ${outcome}`);
        assert.deepEqual(said, ["work_planner_failed broken error", "work_found acme success"]);
      },
    );
  });

  it("finds nothing while it, its type or its tenant is stopped", () =>
    withPlanner(
      (kit) => thingPlanner(kit, () => [found("a")]),
      async (server, kit) => {
        const stops = [
          { kind: "agent", name: "planner:nameless-things" },
          { kind: "type", name: "things.rename" },
          { kind: "tenant" },
        ];
        for (const stop of stops) {
          await kit.done("work.pause", { ...stop, reason: "look into it" }, ADA);
          const { stopped, found: proposed } = await look(server);
          assert.deepEqual([stopped, proposed], ["look into it", []]);
          await kit.done("work.resume", stop, ADA);
        }
        assert.equal((await look(server)).found.length, 1);
      },
    ));

  it("can be had look by whoever administers work, in their tenant, and by nobody else", () =>
    withPlanner(
      (kit) => thingPlanner(kit, () => [found("a")]),
      async ({ gate }, kit) => {
        const by = (as: typeof ADA, input: object) => gate.attempt("work.find", input, { as, entrance: "job" });
        const denied = await by(RITA, {});
        assert.ok(!denied.ok && denied.problem.code === "PERMISSION_DENIED");
        const unknown = await by(ADA, { planner: "nobody" });
        assert.ok(!unknown.ok && unknown.detail === 'There is no planner "nobody". There are: nameless-things.');
        const answer = await by(ADA, { planner: "nameless-things" });
        assert.ok(answer.ok, JSON.stringify(answer));
        const { planners } = answer.value as { readonly planners: readonly Discovery[] };
        assert.deepEqual(planners.map(summary), ["a; settled 0, refused "]);
        assert.deepEqual(await proposals(kit), inputs("a"));
        const [row] = await gate.auditRows({});
        assert.deepEqual([row?.name, row?.actor.id, row?.context["proposed"]], ["work_found", "ada", 1]);
      },
    ));

  it("cannot be declared so that it could not be meant", async () => {
    await using kit = await ReviewKit.open();
    const type = renamingType();
    const plain = { name: "a", type, every: 1000, find: () => [] };
    assert.throws(() => definePlanner({ ...plain, name: "A planner" }), /The name "A planner"/);
    assert.throws(() => definePlanner({ ...plain, every: 10 }), /more often/);
    assert.throws(() => definePlanner({ ...plain, every: Number.NaN }), /more often/);
    assert.throws(() => definePlanner({ ...plain, caps: { open: 0 } }), /The cap "open"/);
    const planner = thingPlanner(kit, () => []);
    assert.throws(() => createPlanners([planner, planner], kit.parts.types), /two planners/);
    assert.throws(() => createPlanners([definePlanner(plain)], kit.parts.types), /not among the types/);
  });
});

/*
 * Whoever proposes an order may not approve it. An operator who could propose in a planner's name would be nobody's
 * proposer, and approve by themselves what they have made up.
 */
describe("an operator who proposes in the name of a planner", () => {
  it("is refused, over whichever entrance and as whichever principal of the system", () =>
    withPlanner(
      (kit) => thingPlanner(kit, () => []),
      async ({ gate }, kit) => {
        const input = { planner: "nameless-things", ...found("mine") };
        const commandLine = { ...ADA, type: "system", id: "command-line" } as const;
        const other = { ...ADA, type: "system", id: "planner:other" } as const;
        const agent = { ...ADA, type: "agent", id: "planner:nameless-things" } as const;
        for (const as of [ADA, commandLine, other, agent]) {
          const outcome = await gate.attempt("work.propose-found", input, { as, entrance: "job" });
          assert.ok(!outcome.ok && outcome.problem.code === "PERMISSION_DENIED", JSON.stringify(outcome));
        }
        for (const entrance of ["http", "mcp"] as const) {
          const outcome = await gate.attempt("work.propose-found", input, { as: commandLine, entrance });
          assert.ok(!outcome.ok, entrance);
        }
        assert.deepEqual(await proposals(kit), []);
      },
    ));
});
