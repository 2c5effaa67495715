import type { AnyAction, Authorise } from "../kernel/action.ts";
import { events } from "../kernel/events.ts";
import type { Guard, GuardStep, Passage } from "../kernel/guard.ts";
import { deny, isDenial, type Denial } from "../kernel/outcome.ts";
import type { Store } from "../kernel/ports/store.ts";
import { problems } from "../kernel/problems.ts";

/** What authorisation is built from. */
export interface AuthoriseOptions {
  /** Rules may read; they see what is committed. */
  readonly store: Pick<Store, "read">;
}

/**
 * Asks the action's rule whether the principal may. Only `true` admits: `false` and anything unexpected
 * deny with `PERMISSION_DENIED` (403), a rule's own denial is handed on, and a rule that throws is an
 * error. A principal of another tenant is refused before any rule runs, on `"public"` actions as well; the
 * system itself belongs to all. Records `authz_fail`.
 *
 * It runs for repeated attempts, too: a stored result is not shown to who lost the right to see it.
 */
export function authoriseGuard(options: AuthoriseOptions): Guard {
  const read: Store["read"] = (work) => options.store.read(work);
  return {
    name: "authorise",
    phase: "authorise",
    modes: ["enforce"],
    check: (action) =>
      hasRule(action)
        ? []
        : [`The action ${action.name} has no authorisation rule; give it one, or say "public" when anyone may.`],
    compile: (action) => compileStep(action, read),
  };
}

function hasRule({ authorise }: AnyAction): boolean {
  return authorise === "public" || typeof authorise === "function";
}

function compileStep(action: AnyAction, read: Store["read"]): GuardStep {
  const { authorise: rule, anonymous } = action;
  return {
    guard: "authorise",
    phase: "authorise",
    summary: rule === "public" ? "public" : anonymous ? "rule" : "rule, signed in",
    enter: (passage) => {
      const { principal, attempt } = passage;
      if (principal.tenant !== attempt.tenant && principal.type !== "system") return refuse("other tenant");
      if (principal.type === "anonymous" && !anonymous) {
        return deny(problems.AUTHENTICATION_REQUIRED, { event: events.authn_required });
      }
      return rule === "public" ? undefined : ask(rule, passage, read);
    },
  };
}

function ask(
  rule: Authorise<unknown>,
  { principal, input, attempt }: Passage,
  read: Store["read"],
): Denial | undefined | Promise<Denial | undefined> {
  const answer = rule({ principal, input, attempt, read });
  return answer instanceof Promise ? answer.then(judge) : judge(answer);
}

function judge(answer: boolean | Denial): Denial | undefined {
  if (answer === true) return undefined;
  if (!isDenial(answer)) return refuse("rule");
  return answer.event === undefined ? { ...answer, event: events.authz_fail } : answer;
}

function refuse(by: "rule" | "other tenant"): Denial {
  return deny(problems.PERMISSION_DENIED, { event: events.authz_fail, context: { by } });
}
