// Jobs and the command line act for the system itself, which no ban or limit holds up. That must not make them a way
// around everything else: rules, input, keys and the audit trail hold for them as for everybody.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { z } from "zod";
import { defineAction, type Attempt, type Credential, type SecurityEvent } from "gatehouse/kernel";
import {
  describeGuardsOn,
  type EntranceHarness,
  type SuiteActions,
  type SuiteAnswer,
  type SuiteRequest,
} from "gatehouse/testing";
import { openGuarded, type GuardedServer } from "../support/guarded-server.ts";

const LOOPBACK = "127.0.0.1";

class JobHarness implements EntranceHarness {
  readonly secrets: string[] = [];
  readonly #server: GuardedServer;

  private constructor(server: GuardedServer) {
    this.#server = server;
  }

  static async open({ here, elsewhere }: SuiteActions): Promise<JobHarness> {
    return new JobHarness(await openGuarded(() => ({ actions: [...here, elsewhere] })));
  }

  get events(): SecurityEvent[] {
    return this.#server.events;
  }

  get log(): readonly string[] {
    return this.#server.log;
  }

  auditRows(): Promise<readonly SecurityEvent[]> {
    const { store, trail } = this.#server.gatehouse.services;
    return store.read((transaction) => trail.find(transaction, { limit: 1000 }));
  }

  async ban(ip: string): Promise<void> {
    const { bans } = this.#server.gatehouse.services;
    const subject = { kind: "ip", value: ip } as const;
    await bans.add({ subject, reason: "suite", duration: 3_600_000, violations: 0 });
  }

  reset(): Promise<void> {
    return this.advance(61_000);
  }

  advance(milliseconds: number): Promise<void> {
    return this.#server.clock.advance(milliseconds);
  }

  async send({ action, input, as, key, tenant, ip }: SuiteRequest): Promise<SuiteAnswer> {
    const { gate, services } = this.#server.gatehouse;
    if (key !== undefined) this.secrets.push(key);
    const attempt: Attempt = {
      id: services.ids.next(),
      entrance: "job",
      action,
      tenant: tenant === "own" ? "default" : "other",
      receivedAt: services.clock.now(),
      peer: { ip, tls: false },
      provenance: { kind: "internal" },
      credentials: as === "stranger" ? [] : [credentialOf(as)],
      input,
      ...(key === undefined ? {} : { idempotencyKey: key }),
    };
    const outcome = await gate.attempt(attempt);
    const text = JSON.stringify(outcome);
    if (!outcome.ok) return { code: outcome.problem.code, retryAfter: outcome.retryAfter, text };
    const { value, idempotency } = outcome;
    return { code: undefined, value, cached: idempotency?.cached, idempotency, text };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
  }
}

function credentialOf(id: string): Credential {
  return { kind: "internal", principal: { type: "user", id, tenant: "default", grants: new Set() } };
}

describeGuardsOn("jobs", {
  entrance: "job",
  provenance: "internal",
  wire: false,
  tellsLifetime: true,
  unknownAction: "ACTION_NOT_FOUND",
  otherTenant: "CREDENTIAL_INVALID",
  open: (actions) => JobHarness.open(actions),
});

const input = z.strictObject({ note: z.string().max(10) });
const operatorOnly = defineAction({
  name: "ledger.close",
  entrances: ["job"],
  effects: "store",
  input,
  authorise: ({ principal }) => principal.type === "system" && principal.grants.has("operator"),
  run: async () => "closed",
});
const forBrowsers = defineAction({
  name: "ledger.show",
  entrances: ["http", "live"],
  effects: "store",
  input,
  authorise: "public",
  run: async () => "shown",
});

describe("Gatehouse.operate", () => {
  it("acts as the system's operator, and leaves a row that says so", async () => {
    await using server = await openGuarded(() => ({ actions: [operatorOnly, forBrowsers] }));
    const { gatehouse } = server;
    const outcome = await gatehouse.operate("ledger.close", { note: "year end" });
    assert.ok(outcome.ok, JSON.stringify(outcome));
    const { store, trail } = gatehouse.services;
    const [row] = await store.read((transaction) => trail.find(transaction, { limit: 1 }));
    assert.deepEqual([row?.action, row?.outcome], ["ledger.close", "success"]);
    assert.deepEqual(row?.actor, { type: "system", id: "command-line" });
    assert.deepEqual(row.source, { entrance: "job", ip: LOOPBACK });
  });

  it("reaches no action that is not declared for jobs", async () => {
    await using server = await openGuarded(() => ({ actions: [operatorOnly, forBrowsers] }));
    const outcome = await server.gatehouse.operate("ledger.show", { note: "all" });
    assert.equal(!outcome.ok && outcome.problem.code, "ACTION_NOT_FOUND");
  });

  it("has its input checked like everybody's", async () => {
    await using server = await openGuarded(() => ({ actions: [operatorOnly, forBrowsers] }));
    const outcome = await server.gatehouse.operate("ledger.close", { note: "far too long a note" });
    assert.equal(!outcome.ok && outcome.problem.code, "VALIDATION_ERROR");
    assert.deepEqual(
      server.events.filter(({ outcome: kind }) => kind === "denied").map(({ name }) => name),
      ["input_validation_fail"],
    );
  });
});
