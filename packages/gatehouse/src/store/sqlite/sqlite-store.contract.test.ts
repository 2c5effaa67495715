import { createSqliteFixture, createSqliteMemoryFixture } from "../../testing/sqlite-fixture.ts";
import { describeStoreContract } from "../../testing/store-contract.ts";

describeStoreContract("SQLite file", createSqliteFixture);
describeStoreContract("SQLite memory", createSqliteMemoryFixture);
