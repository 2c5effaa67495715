export { openValkeyBus, type ValkeyBusOptions } from "./store/valkey/valkey-bus.ts";
export type { ValkeySettings } from "./store/valkey/valkey-client.ts";
export {
  defineScript,
  openValkeyConnection,
  type ValkeyConnection,
  type ValkeyConnectionOptions,
  type ValkeyScript,
  type ValkeyValue,
} from "./store/valkey/valkey-connection.ts";
export { createValkeyCounters, type ValkeyCountersOptions } from "./store/valkey/valkey-counters.ts";
