import { describeActorRecordsContract } from "../../testing/store-contract-actors.ts";
import { describePublicationsContract } from "../../testing/store-contract-publications.ts";
import { createSqliteFixture, createSqliteMemoryFixture } from "../../testing/sqlite-fixture.ts";
import { describeAccountsContract } from "../../testing/store-contract-accounts.ts";
import { describeAuditTrailContract } from "../../testing/store-contract-audit.ts";
import { describeBansContract } from "../../testing/store-contract-bans.ts";
import { describeDocumentsContract } from "../../testing/store-contract-documents.ts";
import { describeOAuthGrantsContract } from "../../testing/store-contract-grants.ts";
import { describeOAuthArtifactsContract } from "../../testing/store-contract-oauth.ts";
import { describeOAuthClientsContract } from "../../testing/store-contract-oauth-clients.ts";
import { describeSigningKeysContract } from "../../testing/store-contract-signing-keys.ts";
import { describeResumableUploadsContract } from "../../testing/store-contract-media-uploads.ts";
import { describeUploadsContract } from "../../testing/store-contract-uploads.ts";
import { describeIdempotencyContract } from "../../testing/store-contract-idempotency.ts";
import { describeGuestTracesContract } from "../../testing/store-contract-guest-traces.ts";
import { describeJoinTokensContract } from "../../testing/store-contract-join-tokens.ts";
import { describeMediaAssetsContract } from "../../testing/store-contract-media-assets.ts";
import { describeStoredFilesContract } from "../../testing/store-contract-stored-files.ts";
import { describeJobsContract } from "../../testing/store-contract-jobs.ts";
import { describeLeasesContract } from "../../testing/store-contract-leases.ts";
import { describeSessionsContract } from "../../testing/store-contract-sessions.ts";
import { describeWorkContract } from "../../testing/store-contract-work.ts";
import { describeWorkRecordsContract } from "../../testing/store-contract-work-records.ts";
import { describeMutesContract } from "../../testing/store-contract-mutes.ts";
import { describeNodesContract, describeStreamPositionsContract } from "../../testing/store-contract-nodes.ts";
import { describeWorkPlansContract } from "../../testing/store-contract-work-plans.ts";
import { describeWorkSubjectKeysContract } from "../../testing/store-contract-work-subject-keys.ts";
import { createMemoryBus } from "../memory/memory-bus.ts";

for (const [name, create] of [
  ["SQLite file", createSqliteFixture],
  ["SQLite memory", createSqliteMemoryFixture],
] as const) {
  describeDocumentsContract(name, create);
  describeUploadsContract(name, create);
  describeJoinTokensContract(name, create);
  describeGuestTracesContract(name, create);
  describeResumableUploadsContract(name, create);
  describeOAuthArtifactsContract(name, create);
  describeOAuthClientsContract(name, create);
  describeOAuthGrantsContract(name, create);
  describeSigningKeysContract(name, create);
  describeAccountsContract(name, create);
  describeIdempotencyContract(name, create);
  describeAuditTrailContract(name, create);
  describeSessionsContract(name, create);
  describeLeasesContract(name, create);
  describeMutesContract(name, create);
  describeNodesContract(name, create);
  describeStreamPositionsContract(name, create);
  describeJobsContract(name, create);
  describeMediaAssetsContract(name, create);
  describeStoredFilesContract(name, create);
  describeActorRecordsContract(name, create);
  describeWorkContract(name, create);
  describeWorkRecordsContract(name, create);
  describePublicationsContract(name, create);
  describeWorkPlansContract(name, create);
  describeWorkSubjectKeysContract(name, create);
  describeBansContract(name, create, async () => createMemoryBus());
}
