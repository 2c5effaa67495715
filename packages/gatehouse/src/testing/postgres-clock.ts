import { runStatement } from "../store/postgres/postgres-statement.ts";
import type { PostgresService, TestDatabase } from "./services.ts";

/** A database whose clock is ahead of the machine's by what a test says. */
export interface MovableDatabase extends TestDatabase {
  /** Moves the database's clock on. */
  advance(milliseconds: number): Promise<void>;
}

/** A function of its own stands before the one of PostgreSQL: whatever asks for the time asks that. */
const CLOCK = `
  CREATE SCHEMA moved;
  CREATE TABLE moved.ahead (milliseconds bigint NOT NULL);
  INSERT INTO moved.ahead VALUES (0);
  CREATE FUNCTION moved.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS $$
    SELECT pg_catalog.clock_timestamp() + milliseconds * interval '1 millisecond' FROM moved.ahead $$`;

/** Makes a database whose clock a test moves. */
export async function createMovableDatabase(service: PostgresService): Promise<MovableDatabase> {
  const database = await service.createDatabase();
  const name = new URL(database.url).pathname.slice(1);
  await runStatement(database.url, CLOCK);
  await runStatement(database.url, `ALTER DATABASE ${name} SET search_path = public, moved, pg_catalog`);
  return {
    ...database,
    advance: (milliseconds) =>
      runStatement(database.url, `UPDATE moved.ahead SET milliseconds = milliseconds + ${milliseconds}`),
  };
}
