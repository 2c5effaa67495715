import { z } from "zod";
import { deny, type Denial, type Outcome, type Success } from "../../kernel/outcome.ts";
import type { Problem } from "../../kernel/problem.ts";

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

const carriedProblem = z.object({
  code: z.string(),
  status: z.int(),
  message: z.string(),
  type: z.string().optional(),
  retryable: z.boolean(),
  oauthError: z.string(),
  jsonRpcCode: z.int(),
  closeCode: z.int(),
});

const idempotency = z.object({ key: z.string(), cached: z.boolean(), ttl: z.number(), createdAt: z.string() });

const carriedOutcome = z.discriminatedUnion("ok", [
  z.object({ ok: z.literal(true), value: z.unknown().optional(), limits, idempotency: idempotency.optional() }),
  z.object({
    ok: z.literal(false),
    problem: carriedProblem,
    detail: z.string().optional(),
    retryAfter: z.number().optional(),
    limits: limits.optional(),
    violations: z.array(z.object({ pointer: z.string(), message: z.string() })).optional(),
    extensions: z.record(z.string(), z.unknown()).optional(),
  }),
]);

/** How an attempt ended, as it travels between nodes. What was to be recorded has been recorded where it ended. */
export type CarriedOutcome = z.input<typeof carriedOutcome>;

/** Finds a problem of the library by its code. */
export type FindProblem = (code: string) => Problem | undefined;

/** An outcome as data. */
export function carryOutcome(outcome: Outcome): CarriedOutcome {
  if (outcome.ok) return { ...outcome, limits: [...outcome.limits] };
  const { problem, detail, retryAfter, violations, extensions } = outcome;
  return {
    ok: false,
    problem: { ...problem, type: problem.type },
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

/** Problems of the library are known by their identity; those of an application are what the other node says they are. */
function denialOf(carried: Carried<false>, findProblem: FindProblem): Denial {
  const { problem, detail, retryAfter, limits: states, violations, extensions } = carried;
  return deny(findProblem(problem.code) ?? Object.freeze({ ...problem, type: problem.type }), {
    ...(detail === undefined ? {} : { detail }),
    ...(retryAfter === undefined ? {} : { retryAfter }),
    ...(states === undefined ? {} : { limits: states }),
    ...(violations === undefined ? {} : { violations }),
    ...(extensions === undefined ? {} : { extensions }),
  });
}
