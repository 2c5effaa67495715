import { z } from "zod";
import { defineAction, type AnyAction } from "../../kernel/action.ts";
import { deny } from "../../kernel/outcome.ts";
import { problems } from "../../kernel/problems.ts";
import { workEvents } from "../events.ts";
import { Reason } from "./inputs.ts";
import type { WorkReviewParts } from "./review-parts.ts";

/** What is stopped: an agent, a type, approvals by rule of one type or of all (no name), or the whole tenant (no name). */
const NAMING = { message: "An agent or a type is named, a tenant is not.", path: ["name"] };
const STOPPED = {
  kind: z.enum(["agent", "type", "tenant", "auto_approval"]),
  name: z.string().max(200).default(""),
} as const;
const Pause = z.strictObject({ ...STOPPED, reason: Reason }).refine(isNamed, NAMING);
const Stopped = z.strictObject(STOPPED).refine(isNamed, NAMING);

function isNamed({ kind, name }: { readonly kind: string; readonly name: string }): boolean {
  return kind === "tenant" ? name === "" : kind === "auto_approval" || name !== "";
}

/** The kill switch. */
export function createPausingActions(parts: WorkReviewParts): readonly AnyAction[] {
  return [pauseAction(parts), resumeAction(parts), pausesAction(parts)];
}

function pauseAction({ pauses, rules, entrances }: WorkReviewParts): AnyAction {
  return defineAction({
    ...{ name: "work.pause", entrances, effects: "store", limits: rules.limits },
    input: Pause,
    authorise: rules.permit("work:admin", "work.pause"),
    audit: {
      event: workEvents.work_paused,
      target: ({ kind, name }) => `${kind} ${name}`.trim(),
      context: ({ reason }) => ({ reason }),
    },
    async run({ attempt: { tenant }, principal, input: { kind, name, reason }, transaction }) {
      await pauses.add(transaction, { tenant, kind, name, reason, pausedBy: principal.id });
      return { kind, name, reason };
    },
  });
}

function resumeAction({ pauses, rules, entrances }: WorkReviewParts): AnyAction {
  return defineAction({
    ...{ name: "work.resume", entrances, input: Stopped, effects: "store", limits: rules.limits },
    authorise: rules.permit("work:admin", "work.resume"),
    audit: { event: workEvents.work_resumed, target: ({ kind, name }) => `${kind} ${name}`.trim() },
    async run({ attempt: { tenant }, input: { kind, name }, transaction }) {
      const lifted = await pauses.lift(transaction, { tenant, kind, name });
      return lifted ? { kind, name } : deny(problems.NOT_FOUND, { detail: "This is not stopped." });
    },
  });
}

function pausesAction({ pauses, rules, entrances }: WorkReviewParts): AnyAction {
  return defineAction({
    ...{ name: "work.pauses", entrances, input: z.strictObject({}), effects: "none", limits: rules.limits },
    authorise: rules.permit("work:admin", "work.pauses"),
    run: async ({ attempt: { tenant }, transaction }) => ({
      pauses: (await pauses.list(transaction, tenant)).map(({ kind, name, reason, pausedBy, at }) => ({
        ...{ kind, name, reason, paused_by: pausedBy, at },
      })),
    }),
  });
}
