import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { z } from "zod";
import { openGatehouse } from "gatehouse";
import { requireConfig, systemClock, systemRandom } from "gatehouse/kernel";
import { actor } from "gatehouse/realtime";
import { defineOrderType } from "gatehouse/work";

const ROOT = join(import.meta.dirname, "../..");

const Rule = z.strictObject({
  alert: z.string().regex(/^Gatehouse[A-Z][A-Za-z]+$/),
  expr: z.string().min(1),
  for: z
    .string()
    .regex(/^\d+[smh]$/)
    .optional(),
  labels: z.strictObject({ severity: z.enum(["warning", "critical"]) }),
  annotations: z.strictObject({ summary: z.string().min(1), runbook: z.string() }),
});
const Alerts = z.strictObject({
  groups: z.array(z.strictObject({ name: z.string().regex(/^[a-z-]+$/), rules: z.array(Rule).min(1) })).min(1),
});
const Dashboard = z.looseObject({
  uid: z.string(),
  panels: z.array(
    z.looseObject({ id: z.int(), title: z.string(), targets: z.array(z.looseObject({ expr: z.string() })).min(1) }),
  ),
});

function read(path: string): unknown {
  return JSON.parse(readFileSync(join(ROOT, path), "utf8"));
}

/** What has actors and work orders is measured more. */
const tasks = defineOrderType({
  ...{ type: "tasks.do", version: 1, title: "Do tasks", description: "Does a task." },
  ...{ input: z.strictObject({}), item: z.strictObject({}), result: z.strictObject({}) },
  ...{ items: () => [], preview: async () => undefined },
});
const board = actor("board", { key: [], state: z.object({}), initial: () => ({}), commands: {} });

const TOKEN = "a-token-for-prometheus-of-32-letters";

/** The names of all that is measured, as a server shows it. */
async function measured(): Promise<ReadonlySet<string>> {
  const directory = await mkdtemp(join(tmpdir(), "gatehouse-metrics-"));
  try {
    const file = { profile: "development", dataDirectory: directory, metrics: { token: TOKEN } } as const;
    const config = requireConfig({ file, clock: systemClock });
    const application = { open: () => ({ realtime: { actors: [board] }, work: { types: [tasks] } }) };
    const options = { config, application, clock: systemClock, random: systemRandom, log: { write: () => true } };
    await using server = await openGatehouse(options);
    const request = new Request("http://localhost:8080/metrics", { headers: { authorization: `Bearer ${TOKEN}` } });
    const answer = await server.handler(request, { address: "127.0.0.1", encrypted: false });
    return new Set([...(await answer.text()).matchAll(/^# TYPE (\S+)/gm)].map(([, name = ""]) => name));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

const WORDS = new Set([
  ...["sum", "max", "by", "rate", "increase", "time", "absent", "unless", "offset", "or", "and", "histogram_quantile"],
  ...["event", "monitor", "step", "action", "cause", "instance", "kind", "le", "outcome", "problem", "reason", "state"],
  ...["type", "until"],
]);

/** What an expression is about: names of measurements, and of events. */
function namesIn(expression: string): { readonly metrics: readonly string[]; readonly events: readonly string[] } {
  const events = [...expression.matchAll(/event=~?"([^"]*)"/g)].flatMap(([, names = ""]) => names.split("|"));
  const bare = expression
    .replaceAll(/\{[^}]*\}/g, "")
    .replaceAll(/\[[^\]]*\]/g, "")
    .replaceAll(/offset \w+/g, "offset");
  const metrics = [...bare.matchAll(/[a-z_]+/g)].map(([name]) => name).filter((name) => !WORDS.has(name));
  return { metrics, events };
}

/** Brackets that fit, and nothing that PromQL does not know. */
function looksWhole(expression: string): boolean {
  const open: string[] = [];
  const pairs: Readonly<Record<string, string>> = { ")": "(", "]": "[", "}": "{" };
  for (const character of expression.replaceAll(/"[^"]*"/g, "")) {
    if ("([{".includes(character)) open.push(character);
    else if (character in pairs && open.pop() !== pairs[character]) return false;
  }
  return open.length === 0 && /^[a-z_0-9 (){}[\]"=~|,.<>+*/-]+$/i.test(expression);
}

describe("what Prometheus and Grafana are given", () => {
  const registry = readFileSync(join(ROOT, "docs/reference/events.md"), "utf8");
  const { groups } = Alerts.parse(read("docs/monitoring/alerts.json"));
  const { panels } = Dashboard.parse(read("docs/monitoring/dashboard.json"));
  const rules = groups.flatMap((group) => group.rules);
  const expressions = [
    ...rules.map(({ expr }) => expr),
    ...panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
  ];

  it("is about what is measured, and events that there are", async () => {
    const known = await measured();
    assert.ok(known.has("gatehouse_events_total") && known.has("probe_success"));
    for (const expression of expressions) {
      assert.ok(looksWhole(expression), expression);
      const { metrics, events } = namesIn(expression);
      assert.ok(metrics.length > 0, expression);
      for (const name of metrics)
        assert.ok(known.has(name.replace(/_(?:sum|count|bucket)$/, "")) || known.has(name), `${name} in ${expression}`);
      for (const name of events) assert.ok(registry.includes(`| \`${name}\` `), `${name} in ${expression}`);
    }
  });

  it("has a name of its own for each, and a page that tells what to do", () => {
    assert.equal(new Set(rules.map(({ alert }) => alert)).size, rules.length);
    assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
    for (const { alert, annotations } of rules) assert.ok(existsSync(join(ROOT, annotations.runbook)), alert);
  });
});
