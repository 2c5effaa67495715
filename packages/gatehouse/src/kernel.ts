export { defineAction, StalePreparationError, Unchanged, tokenDemandOf } from "./kernel/action.ts";
export type * from "./kernel/action.ts";
export { anonymousPrincipal, ENTRANCES, INVITATION_GRANT, invitationOf, UNNAMED } from "./kernel/attempt.ts";
export type * from "./kernel/attempt.ts";
export { recordDenial, recordRefused } from "./kernel/attempt-event.ts";
export type { Refused } from "./kernel/attempt-event.ts";
export { systemClock } from "./kernel/clock.ts";
export type { Clock } from "./kernel/clock.ts";
export {
  base64,
  base64url,
  canonicalJson,
  constantTimeEqual,
  fromBase64,
  fromBase64url,
  fromUtf8,
  lengthPrefixed,
  utf8,
} from "./kernel/codec.ts";
export { closest } from "./kernel/config/names.ts";
export {
  ConfigError,
  defineConfig,
  describeFlags,
  describeOptions,
  requireConfig,
  resolveConfig,
} from "./kernel/config.ts";
export type { ConfigFault, ConfigResult, ConfigSources, OptionDescription } from "./kernel/config.ts";
export type { GuardSettings } from "./kernel/config/guard-settings.ts";
export type { DurationInput, InstantInput, Profile, SizeInput } from "./kernel/config/kind.ts";
export type { Config, ConfigInput, OptionPath } from "./kernel/config/types.ts";
export { createEventStream } from "./kernel/event-stream.ts";
export type * from "./kernel/event-stream.ts";
export { defineEvents } from "./kernel/event.ts";
export type * from "./kernel/event.ts";
export { events } from "./kernel/events.ts";
export { BootRefusedError, createGate } from "./kernel/gate.ts";
export type { Gate, GateParts } from "./kernel/gate.ts";
export { PHASES } from "./kernel/guard.ts";
export type { Guard, GuardMode, GuardSetting, GuardStep, Passage, Phase, Replay, Wait } from "./kernel/guard.ts";
export { createIds, isUuid } from "./kernel/ids.ts";
export type { Ids } from "./kernel/ids.ts";
export {
  describeKeyMaterial,
  formatKeyMaterial,
  generateKeyMaterial,
  KeyMaterialError,
  MINIMUM_RETIRED_AGE,
  parseKeyMaterial,
  removeRetiredKeys,
  rotateKeyMaterial,
  stageKeyMaterial,
} from "./kernel/key-material.ts";
export type { KeyMaterial, KeyRemoval, KeyStaging, KeyVersion, KeyVersionDescription } from "./kernel/key-material.ts";
export { createKeyRing, createReplaceableKeyRing } from "./kernel/key-ring.ts";
export type { KeyRing, ReplaceableKeyRing, SubKey } from "./kernel/key-ring.ts";
export { deny, isDenial } from "./kernel/outcome.ts";
export type * from "./kernel/outcome.ts";
export type { InventoryRow } from "./kernel/pipeline.ts";
export type * from "./kernel/ports/access-tokens.ts";
export type * from "./kernel/ports/accounts.ts";
export type * from "./kernel/ports/actors.ts";
export type * from "./kernel/ports/audit.ts";
export type * from "./kernel/ports/bans.ts";
export type * from "./kernel/ports/bus.ts";
export type * from "./kernel/ports/counters.ts";
export type * from "./kernel/ports/documents.ts";
export type * from "./kernel/ports/oauth-clients.ts";
export { EMERGENCY_EFFECTS, EMERGENCY_MEASURES } from "./kernel/ports/emergency.ts";
export type {
  Emergency,
  EmergencyMeasure,
  EmergencyMode,
  EmergencySwitches,
  NewEmergency,
} from "./kernel/ports/emergency.ts";
export type * from "./kernel/ports/guest-traces.ts";
export type * from "./kernel/ports/idempotency.ts";
export type * from "./kernel/ports/join-tokens.ts";
export type * from "./kernel/ports/jobs.ts";
export type * from "./kernel/ports/leases.ts";
export type * from "./kernel/ports/mail.ts";
export { ASSET_STATES } from "./kernel/ports/media-assets.ts";
export type * from "./kernel/ports/media-assets.ts";
export type * from "./kernel/ports/media-grants.ts";
export type * from "./kernel/ports/media-intake.ts";
export type * from "./kernel/ports/mutes.ts";
export type * from "./kernel/ports/publications.ts";
export type * from "./kernel/ports/resumable-uploads.ts";
export type * from "./kernel/ports/sessions.ts";
export type * from "./kernel/ports/uploads.ts";
export type * from "./kernel/ports/storage-target.ts";
export type * from "./kernel/ports/work-orders.ts";
export type * from "./kernel/ports/work-plans.ts";
export { StoreUnavailableError, TransactionMisuseError } from "./kernel/ports/store.ts";
export type {
  AppendOnlyTable,
  Dialect,
  GuardedTables,
  Migration,
  ReadTransaction,
  SecretTable,
  SnapshotReads,
  SqlValue,
  Statement,
  Store,
  StoreHealth,
  WriteTransaction,
} from "./kernel/ports/store.ts";
export { defineProblems } from "./kernel/problem.ts";
export type { Problem, ProblemDefinition } from "./kernel/problem.ts";
export { problems } from "./kernel/problems.ts";
export type * from "./kernel/receive.ts";
export { systemRandom } from "./kernel/random.ts";
export type { Random } from "./kernel/random.ts";
export { REDACTED, scrubContext, scrubText } from "./kernel/scrub.ts";
export { createSealer, openVersion1, SealError, sealVersion1 } from "./kernel/seal.ts";
export type { SealBinding, Sealer, SealerOptions, SealErrorCode } from "./kernel/seal.ts";
export { pause, systemTimers } from "./kernel/timers.ts";
export type { Timers } from "./kernel/timers.ts";
export type * from "./kernel/token-demand.ts";
export { ITEM_STATES, ORDER_STATES } from "./kernel/work-states.ts";
export type { ItemState, OrderState } from "./kernel/work-states.ts";
