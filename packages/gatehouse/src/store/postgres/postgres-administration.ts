import { applyGrants, describeGrants, grantScript, type Grants } from "./postgres-grants.ts";
import { connect, migrateSchema } from "./postgres-schema.ts";
import { connectionConfig, type PostgresSettings } from "./postgres-settings.ts";
import { schemaOptions, type PostgresSchemaOptions } from "./postgres-store.ts";

/** Grants, and who looks up what there is or carries them out. */
export interface PostgresGrantOptions extends PostgresSettings {
  readonly grants: Grants;
  /** Whether they are carried out. */
  readonly apply: boolean;
}

/**
 * The SQL that makes the roles of a database and grants them what they need; carried out as well, if asked for.
 * @throws {GrantError} where they could not be limited so, or the connected role may not do it.
 * @throws {StoreUnavailableError} when the server cannot be reached.
 */
export async function grantPostgres(options: PostgresGrantOptions): Promise<string> {
  await using connection = await connect(connectionConfig(options));
  const statements = await (options.apply ? applyGrants : describeGrants)(connection.client, options.grants);
  return grantScript(statements);
}

/**
 * Applies pending migrations without opening a store, and where a migrator did it, grants the others what they need.
 * @returns the names of those that were applied.
 * @throws {MigrationError} when the schema and the migrations do not belong together.
 * @throws {StoreUnavailableError} when the server cannot be reached.
 */
export function migratePostgres(options: PostgresSchemaOptions): Promise<string[]> {
  return migrateSchema(schemaOptions(options));
}
