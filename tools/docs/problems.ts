import type { Problem } from "../../packages/gatehouse/src/kernel/problem.ts";
import { code, page, table, type Page } from "./page.ts";
import { kernelFirst, load, moduleOf, sourceFiles } from "./sources.ts";

function isProblem(value: unknown): value is Problem {
  return typeof value === "object" && value !== null && "code" in value && "status" in value && "closeCode" in value;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

/** Every problem of the library by the file that declares it. */
async function collectProblems(): Promise<Map<string, Problem[]>> {
  const sections = new Map<string, Problem[]>();
  const seen = new Map<string, string>();
  for (const file of sourceFiles("**/problems.ts")) {
    const exported = Object.values(await load(file)).filter(isObject);
    const problems = exported.flatMap((set) => Object.values<unknown>({ ...set })).filter(isProblem);
    for (const problem of problems) {
      const other = seen.get(problem.code);
      if (other !== undefined) throw new Error(`The problem ${problem.code} is declared in ${other} and in ${file}.`);
      seen.set(problem.code, file);
    }
    sections.set(moduleOf(file), [...(sections.get(moduleOf(file)) ?? []), ...problems]);
  }
  return sections;
}

/** The page of all problems. */
export async function problemsPage(): Promise<Page> {
  const headings = ["code", "HTTP", "retry", "OAuth error", "JSON-RPC", "close code", "text"];
  const parts = [...(await collectProblems())].toSorted(kernelFirst).map(([module, problems]) => {
    const rows = problems
      .toSorted((left, right) => left.status - right.status || (left.code < right.code ? -1 : 1))
      .map((problem) => [
        code(problem.code),
        String(problem.status),
        problem.retryable ? "yes" : "no",
        code(problem.oauthError),
        String(problem.jsonRpcCode),
        String(problem.closeCode),
        problem.message,
      ]);
    return `## ${module}\n\n${table(headings, rows)}`;
  });
  return page("problems.md", "Problems", [
    "A refused attempt is answered with one of these problems. Over HTTP it is an `application/problem+json` document " +
      "whose `code` is the first column; OAuth endpoints answer with the OAuth error, the MCP entrance with the " +
      "JSON-RPC number, and a connection that must end closes with the close code. `retry` says whether the same " +
      "attempt may succeed later without being changed.",
    ...parts,
  ]);
}
