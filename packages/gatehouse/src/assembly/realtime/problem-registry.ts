import { httpProblems } from "../../http/problems.ts";
import type { Problem } from "../../kernel/problem.ts";
import { problems } from "../../kernel/problems.ts";
import { actorProblems } from "../../realtime/actor/problems.ts";
import { realtimeProblems } from "../../realtime/problems.ts";

const known: ReadonlyMap<string, Problem> = new Map(
  [problems, httpProblems, actorProblems, realtimeProblems]
    .flatMap((set) => Object.values<Problem>(set))
    .map((problem) => [problem.code, problem]),
);

/** The problem of this release with a code, which is told from others by its identity. */
export function findProblem(code: string): Problem | undefined {
  return known.get(code);
}
