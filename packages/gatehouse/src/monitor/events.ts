import { defineEvents } from "../kernel/event.ts";

/** Events of monitors. */
export const monitorEvents = defineEvents({
  monitor_failed: { level: "critical", description: "What a monitor tries failed several times in a row." },
  monitor_recovered: { level: "warn", description: "What a monitor tries works again." },
});
