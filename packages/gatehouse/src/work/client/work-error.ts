import { z } from "zod";

const Problem = z.looseObject({
  code: z.string(),
  detail: z.string().optional(),
  title: z.string().optional(),
  retry_after: z.number().optional(),
});

/** A refusal, as the server has worded it. */
export class WorkError extends Error {
  override readonly name = "WorkError";
  readonly status: number;
  /** What programs go by: `LEASE_LOST`, `PLAN_STALE` ... */
  readonly code: string;
  /** The problem document (RFC 9457). */
  readonly problem: Readonly<Record<string, unknown>>;
  /** Seconds after which trying again makes sense. */
  readonly retryAfter: number | undefined;

  constructor(status: number, problem: Readonly<Record<string, unknown>>) {
    const told = Problem.safeParse(problem);
    const { code, detail, title, retry_after: retryAfter } = told.success ? told.data : { code: "UNKNOWN" };
    super(detail ?? title ?? `The server has answered with ${status}.`);
    this.status = status;
    this.code = code;
    this.problem = problem;
    this.retryAfter = retryAfter;
  }
}
