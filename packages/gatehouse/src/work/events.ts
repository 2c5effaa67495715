import { defineEvents } from "../kernel/event.ts";

/** Events of work orders. */
export const workEvents = defineEvents({
  work_proposed: { level: "info", description: "Somebody has proposed a work order." },
  work_found: {
    level: "info",
    description: "A planner has looked for work and proposed what it has found, or could not propose some of it.",
  },
  work_planner_failed: { level: "warn", description: "A planner could not look for work." },
  work_plan_made: { level: "info", description: "It was worked out what exactly an order would change." },
  work_plan_expired: { level: "info", description: "A plan has waited too long for approvals; a new one is made." },
  work_reviewed: { level: "info", description: "Somebody has approved or rejected the plan of a work order." },
  work_applied: {
    level: "info",
    description: "The approved plan of a work order was carried out, or was not: its outcome says which and why.",
  },
  work_cancelled: { level: "info", description: "A work order was cancelled." },
  work_commented: { level: "info", description: "Somebody has said something about a work order." },
  work_requeued: { level: "warn", description: "An operator has put a work order to work again." },
  work_paused: {
    level: "critical",
    description: "An operator has stopped an agent, a type of orders or all of a tenant.",
  },
  work_resumed: { level: "warn", description: "An operator lets stopped work go on." },
  work_overdue: {
    level: "warn",
    description:
      "A work order has waited for too long: for an agent, for a reviewer, or for its plan to be carried out.",
  },
  work_dead_lettered: {
    level: "warn",
    description: "A work order that has failed was given up, since nobody has put it to work again.",
  },
  work_value_revealed: { level: "warn", description: "Somebody has looked at masked values of a plan." },
  work_exported: { level: "warn", description: "Work orders were exported with all that they hold." },
  work_subject_erased: {
    level: "critical",
    description: "The key of a subject was destroyed: nobody can read any more what work orders hold of it.",
  },
});
