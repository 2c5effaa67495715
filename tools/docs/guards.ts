import { readFileSync } from "node:fs";
import type { InventoryRow } from "gatehouse/kernel";
import { PHASES } from "../../packages/gatehouse/src/kernel/guard.ts";
import { code, page, table, type Page } from "./page.ts";
import { documentedExports, sourceFiles } from "./sources.ts";

/** What happens in each phase, in the words of the architecture. */
const PURPOSES: Readonly<Record<(typeof PHASES)[number], string>> = {
  admit: "Is the source banned, or too busy? No cryptography and no store.",
  provenance: "Was the attempt meant by whom it claims to come from? Origin, CSRF token, signature.",
  authenticate: "Who attempts it?",
  limit:
    "Has the principal, address or session used up its share? All limits are checked together, then taken together.",
  validate: "Is the input of the declared shape?",
  authorise: "May this principal do this?",
  idempotency: "Was it done already? The transaction begins here.",
  execute: "The action itself.",
  seal: "What leaves for a client's keeping is sealed.",
  settle: "The result is stored and the audit row written; the transaction commits.",
};

interface GuardRow {
  readonly factory: string;
  readonly name: string;
  readonly phase: string;
  readonly modes: readonly string[];
  readonly summary: string;
}

function readGuards(file: string): GuardRow[] {
  const text = readFileSync(file, "utf8");
  return documentedExports(file)
    .filter(({ name, kind }) => kind === "function" && name.endsWith("Guard"))
    .map(({ name: factory, summary }) => {
      const declaration = /name: "([a-z-]+)",\s*phase: "([a-z]+)",\s*modes: \[([^\]]*)\]/.exec(
        text.slice(text.indexOf(`export function ${factory}`)),
      );
      if (declaration === null) throw new Error(`${file}: ${factory} declares no name, phase and modes in a row.`);
      const [, name = "", phase = "", modes = ""] = declaration;
      return { factory, name, phase, modes: [...modes.matchAll(/"(\w+)"/g)].map(([, mode = ""]) => mode), summary };
    });
}

/** Guards in the order in which the assembled server asks them; those it does not use come last. */
function inOrder(guards: readonly GuardRow[], inventory: readonly InventoryRow[]): GuardRow[] {
  const order: string[] = [];
  for (const { steps } of inventory.toSorted((left, right) => right.steps.length - left.steps.length)) {
    for (const { guard } of steps) if (!order.includes(guard)) order.push(guard);
  }
  const place = ({ name }: GuardRow): number => (order.includes(name) ? order.indexOf(name) : order.length);
  return guards.toSorted((left, right) => place(left) - place(right));
}

function actionRows(inventory: readonly InventoryRow[]): string[][] {
  return inventory
    .map(({ action, entrance, effects, steps }) => [
      code(action),
      entrance,
      effects,
      steps.map(({ guard, summary }) => `${guard} (${summary})`).join(", "),
    ])
    .toSorted(([left = ""], [right = ""]) => (left < right ? -1 : left > right ? 1 : 0));
}

/** The page of phases and guards, and of what stands before each action of the assembled server. */
export function guardsPage(inventory: readonly InventoryRow[]): Page {
  const guards = inOrder(sourceFiles("guards/*.ts").flatMap(readGuards), inventory);
  const parts = PHASES.map((phase, index) => {
    const rows = guards
      .filter((guard) => guard.phase === phase)
      .map(({ name, modes, factory, summary }) => [code(name), modes.join(", "), code(factory), summary]);
    const guardTable = rows.length === 0 ? [] : [table(["guard", "modes", "factory", "what it does"], rows)];
    return [`## ${index + 1}. ${phase}`, PURPOSES[phase], ...guardTable].join("\n\n");
  });
  return page("guards.md", "Guards", [
    "Every attempt passes these phases in this order, over every entrance. Operators choose the mode of a guard under " +
      "`guards` in the configuration: `enforce` denies, `shadow` records that it would have denied, `off` needs a " +
      "reason, which is recorded.",
    ...parts,
    "## Actions of the server",
    "What stands before each action of the server that `npm start` runs. `gatehouse inventory` shows the same for any " +
      "application and configuration.",
    table(["action", "entrance", "effects", "guards"], actionRows(inventory)),
  ]);
}
