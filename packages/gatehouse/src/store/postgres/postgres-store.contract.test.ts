import { after, describe } from "node:test";

import { systemClock } from "../../kernel/clock.ts";
import { describeAccountsContract } from "../../testing/store-contract-accounts.ts";
import { describeActorRecordsContract } from "../../testing/store-contract-actors.ts";
import { describePublicationsContract } from "../../testing/store-contract-publications.ts";
import { describeAuditTrailContract } from "../../testing/store-contract-audit.ts";
import { describeBansContract } from "../../testing/store-contract-bans.ts";
import { describeDocumentsContract } from "../../testing/store-contract-documents.ts";
import { describeOAuthGrantsContract } from "../../testing/store-contract-grants.ts";
import { describeOAuthArtifactsContract } from "../../testing/store-contract-oauth.ts";
import { describeOAuthClientsContract } from "../../testing/store-contract-oauth-clients.ts";
import { describeSigningKeysContract } from "../../testing/store-contract-signing-keys.ts";
import { describeResumableUploadsContract } from "../../testing/store-contract-media-uploads.ts";
import { describeUploadsContract } from "../../testing/store-contract-uploads.ts";
import type { CreateStoreFixture } from "../../testing/store-contract-fixture.ts";
import { describeIdempotencyContract } from "../../testing/store-contract-idempotency.ts";
import { describeGuestTracesContract } from "../../testing/store-contract-guest-traces.ts";
import { describeJoinTokensContract } from "../../testing/store-contract-join-tokens.ts";
import { describeMediaAssetsContract } from "../../testing/store-contract-media-assets.ts";
import { describeStoredFilesContract } from "../../testing/store-contract-stored-files.ts";
import { describeJobsContract } from "../../testing/store-contract-jobs.ts";
import { describeLeasesContract } from "../../testing/store-contract-leases.ts";
import { describeMigrationContract } from "../../testing/store-contract-migrations.ts";
import { describeSessionsContract } from "../../testing/store-contract-sessions.ts";
import { describeStoreContract } from "../../testing/store-contract.ts";
import { describeWorkContract } from "../../testing/store-contract-work.ts";
import { describeWorkRecordsContract } from "../../testing/store-contract-work-records.ts";
import { describeMutesContract } from "../../testing/store-contract-mutes.ts";
import { describeNodesContract, describeStreamPositionsContract } from "../../testing/store-contract-nodes.ts";
import { createDatabaseRoles } from "../../testing/postgres-roles.ts";
import { skipWithout, startPostgres, type PostgresService } from "../../testing/services.ts";
import { describeWorkPlansContract } from "../../testing/store-contract-work-plans.ts";
import { describeWorkSubjectKeysContract } from "../../testing/store-contract-work-subject-keys.ts";
import { createMemoryBus } from "../memory/memory-bus.ts";
import { openPostgresStore } from "./postgres-store.ts";

describe("PostgreSQL", { skip: await skipWithout("postgres") }, () => {
  let service: Promise<PostgresService> | undefined;
  after(async () => (await service)?.[Symbol.asyncDispose]());

  const create: CreateStoreFixture = async () => {
    service ??= startPostgres();
    const database = await (await service).createDatabase();
    const roles = await createDatabaseRoles(database.url);
    const migrator = { url: roles.migrator, grants: roles.grants };
    return {
      lasting: true,
      open: (migrations) => openPostgresStore({ url: roles.writer, clock: systemClock, migrations, migrator }),
      async [Symbol.asyncDispose]() {
        await database[Symbol.asyncDispose]();
        await roles[Symbol.asyncDispose]();
      },
    };
  };

  describeStoreContract("PostgreSQL", create);
  describeMigrationContract("PostgreSQL", create);
  describeDocumentsContract("PostgreSQL", create);
  describeUploadsContract("PostgreSQL", create);
  describeJoinTokensContract("PostgreSQL", create);
  describeGuestTracesContract("PostgreSQL", create);
  describeResumableUploadsContract("PostgreSQL", create);
  describeOAuthArtifactsContract("PostgreSQL", create);
  describeOAuthGrantsContract("PostgreSQL", create);
  describeSigningKeysContract("PostgreSQL", create);
  describeOAuthClientsContract("PostgreSQL", create);
  describeAccountsContract("PostgreSQL", create);
  describeIdempotencyContract("PostgreSQL", create);
  describeAuditTrailContract("PostgreSQL", create);
  describeSessionsContract("PostgreSQL", create);
  describeLeasesContract("PostgreSQL", create);
  describeMutesContract("PostgreSQL", create);
  describeNodesContract("PostgreSQL", create);
  describeStreamPositionsContract("PostgreSQL", create);
  describeJobsContract("PostgreSQL", create);
  describeMediaAssetsContract("PostgreSQL", create);
  describeStoredFilesContract("PostgreSQL", create);
  describeActorRecordsContract("PostgreSQL", create);
  describeWorkContract("PostgreSQL", create);
  describeWorkRecordsContract("PostgreSQL", create);
  describePublicationsContract("PostgreSQL", create);
  describeWorkPlansContract("PostgreSQL", create);
  describeWorkSubjectKeysContract("PostgreSQL", create);
  describeBansContract("PostgreSQL", create, async () => createMemoryBus());
});
