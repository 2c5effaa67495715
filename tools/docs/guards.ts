import { readFileSync } from "node:fs";
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

/** The page of phases and guards. */
export function guardsPage(): Page {
  const guards = sourceFiles("guards/*.ts").flatMap(readGuards);
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
      "reason, which is recorded. `gatehouse inventory` shows which guards apply to which action.",
    ...parts,
  ]);
}
