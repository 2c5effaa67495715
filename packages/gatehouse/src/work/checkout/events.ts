import { defineEvents } from "../../kernel/event.ts";

/** What agents do with items. */
export const checkoutEvents = defineEvents({
  work_checked_out: { level: "info", description: "An agent has taken items of work orders." },
  work_submitted: { level: "info", description: "An agent has handed in the result of an item." },
  work_part_submitted: { level: "info", description: "An agent has handed in a part of a result." },
  work_released: { level: "info", description: "An agent has handed an item back." },
  work_failed: { level: "warn", description: "An agent has said that it cannot do an item." },
});
