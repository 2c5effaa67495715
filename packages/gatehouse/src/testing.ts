export { createTestAuthority, type IssuedCertificate, type TestAuthority } from "./testing/authority.ts";
export { describeBusContract, Inbox, type BusContractOptions, type BusPair } from "./testing/bus-contract.ts";
export { describeCountersContract, type CountersContractOptions } from "./testing/counters-contract.ts";
export { ConnectionLostError, type CrashPoint } from "./testing/crash.ts";
export {
  skipWithoutClamd,
  startClamd,
  type ClamdService,
  type ClamdServiceOptions,
  type ClamdSignatures,
} from "./testing/clamd.ts";
export { createDeterministicRandom } from "./testing/deterministic-random.ts";
export { createFakeClock, type FakeClock } from "./testing/fake-clock.ts";
export {
  createTestGate,
  TEST_TARGET,
  testUser,
  type TestAttempt,
  type TestGate,
  type TestGateOptions,
  type TestSession,
} from "./testing/gate-kit.ts";
export {
  SUITE_TRUSTED,
  type EntranceHarness,
  type EntranceUnderTest,
  type SuiteActions,
  type SuiteAnswer,
  type SuiteCaller,
  type SuiteMessage,
  type SuitePage,
  type SuiteRequest,
} from "./testing/guard-suite-entrance.ts";
export { describeGuardsOn } from "./testing/guard-suite.ts";
export { openLiveKit, type LiveKit, type LiveKitOptions } from "./testing/live-kit.ts";
export type { TestIdentity } from "./testing/sign-in.ts";
export {
  CsrfTokenMismatchError,
  LiveCallError,
  LiveVisitor,
  RateLimitExceededError,
  type FileToUpload,
  type LiveCallResult,
  type MountedComponent,
  type UploadAnswer,
} from "./testing/live-visitor.ts";
export { LiveStream, type FollowedComponent } from "./testing/live-stream.ts";
export { parallel } from "./testing/parallel.ts";
export { attemptOf, passageOf, type PassageDifferences } from "./testing/passage.ts";
export { createRecordingStore, type RecordingStore } from "./testing/recording-store.ts";
export {
  describeRoomSecurity,
  type RoomCommand,
  type RoomSecurityOptions,
  type RoomServer,
} from "./testing/room-security.ts";
export { freePort, type ServiceControl } from "./testing/service-process.ts";
export {
  MissingServiceError,
  skipWithout,
  startOwnPostgres,
  startOwnValkey,
  startPostgres,
  startValkey,
  type PostgresService,
  type PostgresServiceOptions,
  type ServiceEnvironment,
  type TestDatabase,
  type ValkeyService,
  type ValkeyServiceOptions,
} from "./testing/services.ts";
export { describeAuditTrailContract } from "./testing/store-contract-audit.ts";
export { describeBansContract } from "./testing/store-contract-bans.ts";
export { describeDocumentsContract } from "./testing/store-contract-documents.ts";
export { type CreateStoreFixture, type StoreFixture } from "./testing/store-contract-fixture.ts";
export { describeIdempotencyContract } from "./testing/store-contract-idempotency.ts";
export { describeJoinTokensContract } from "./testing/store-contract-join-tokens.ts";
export { describeLeasesContract } from "./testing/store-contract-leases.ts";
export { describeMigrationContract } from "./testing/store-contract-migrations.ts";
export { describeSessionsContract } from "./testing/store-contract-sessions.ts";
export { describeAccountsContract } from "./testing/store-contract-accounts.ts";
export { describeOAuthArtifactsContract } from "./testing/store-contract-oauth.ts";
export { describeOAuthClientsContract } from "./testing/store-contract-oauth-clients.ts";
export { describeSigningKeysContract } from "./testing/store-contract-signing-keys.ts";
export { describeResumableUploadsContract } from "./testing/store-contract-media-uploads.ts";
export { describeUploadsContract } from "./testing/store-contract-uploads.ts";
export { describeStorageTargetContract, type StorageTargetFixture } from "./testing/storage-target-contract.ts";
export { describeStoredFilesContract } from "./testing/store-contract-stored-files.ts";
export { describeStoreContract } from "./testing/store-contract.ts";
