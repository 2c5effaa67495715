import { defineEvents } from "../kernel/event.ts";

/** Events of operators' doings. */
export const operatorEvents = defineEvents({
  operator_signed_in: { level: "info", description: "An operator entered the console with a one-time link." },
  operator_signed_out: { level: "info", description: "An operator left the console." },
  one_time_link_issued: { level: "warn", description: "A one-time link was issued that signs its bearer in." },
  store_backed_up: { level: "info", description: "An operator copied the store." },
  source_ban_added: { level: "warn", description: "An operator banned a source." },
  emergency_set: { level: "critical", description: "An operator set an emergency measure." },
  emergency_lifted: { level: "warn", description: "An operator lifted an emergency measure." },
  source_ban_lifted: { level: "info", description: "An operator lifted a ban." },
});
