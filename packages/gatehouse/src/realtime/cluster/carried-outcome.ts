import { z } from "zod";
import { deny, type Denial, type Outcome, type Success } from "../../kernel/outcome.ts";
import type { Problem } from "../../kernel/problem.ts";
import { problems } from "../../kernel/problems.ts";

const limits = z.array(
  z.object({
    policy: z.string(),
    limit: z.number(),
    window: z.number(),
    remaining: z.number(),
    resetAt: z.number(),
    retryAfter: z.number(),
  }),
);

const idempotency = z.object({ key: z.string(), cached: z.boolean(), ttl: z.number(), createdAt: z.string() });

const carriedOutcome = z.discriminatedUnion("ok", [
  z.object({ ok: z.literal(true), value: z.unknown().optional(), limits, idempotency: idempotency.optional() }),
  z.object({
    ok: z.literal(false),
    code: z.string(),
    detail: z.string().optional(),
    retryAfter: z.number().optional(),
    limits: limits.optional(),
    violations: z.array(z.object({ pointer: z.string(), message: z.string() })).optional(),
    extensions: z.record(z.string(), z.unknown()).optional(),
  }),
]);

/** How an attempt ended, as it travels between nodes. What was to be recorded has been recorded where it ended. */
export type CarriedOutcome = z.input<typeof carriedOutcome>;

/** Finds a problem by its code among all that are registered. */
export type FindProblem = (code: string) => Problem | undefined;

/** An outcome as data. */
export function carryOutcome(outcome: Outcome): CarriedOutcome {
  if (outcome.ok) return { ...outcome, limits: [...outcome.limits] };
  const { problem, detail, retryAfter, violations, extensions } = outcome;
  return {
    ok: false,
    code: problem.code,
    ...(detail === undefined ? {} : { detail }),
    ...(retryAfter === undefined ? {} : { retryAfter }),
    ...(outcome.limits === undefined ? {} : { limits: [...outcome.limits] }),
    ...(violations === undefined ? {} : { violations: [...violations] }),
    ...(extensions === undefined ? {} : { extensions: { ...extensions } }),
  };
}

/** The outcome in what has come from another node; `undefined` where it is none. */
export function uncarryOutcome(value: unknown, findProblem: FindProblem): Outcome | undefined {
  const parsed = carriedOutcome.safeParse(value);
  if (!parsed.success) return undefined;
  return parsed.data.ok ? successOf(parsed.data) : denialOf(parsed.data, findProblem);
}

type Carried<Ok extends boolean> = Extract<z.infer<typeof carriedOutcome>, { readonly ok: Ok }>;

function successOf({ value, limits: states, idempotency: info }: Carried<true>): Success<unknown> {
  const success = { ok: true, value, limits: states } as const;
  return info === undefined ? success : { ...success, idempotency: info };
}

/** A problem that only the other node's release knows is an error of ours as far as the caller is concerned. */
function denialOf(carried: Carried<false>, findProblem: FindProblem): Denial {
  const problem = findProblem(carried.code);
  if (problem === undefined) return deny(problems.INTERNAL_ERROR);
  const { detail, retryAfter, limits: states, violations, extensions } = carried;
  return deny(problem, {
    ...(detail === undefined ? {} : { detail }),
    ...(retryAfter === undefined ? {} : { retryAfter }),
    ...(states === undefined ? {} : { limits: states }),
    ...(violations === undefined ? {} : { violations }),
    ...(extensions === undefined ? {} : { extensions }),
  });
}
