import { UsageError, type Command, type CommandContext } from "../command.ts";
import { texts } from "../flags.ts";

/** `gatehouse store grants`. */
export const storeGrants: Command = {
  name: "store grants",
  ownSettings: true,
  usage: "[--apply]",
  summary:
    "Prints the SQL that makes three roles of PostgreSQL, which own the schema, write, and read, or carries it out.",
  flags: {
    apply: {
      type: "boolean",
      doc: "Carry it out, by store.postgresAdminUrl; without that as the migrator, who can grant on tables alone.",
    },
    migrator: { type: "string", doc: "The role that owns the schema. Default: the one of store.postgresMigratorUrl." },
    writer: { type: "string", doc: "The role that the server runs as. Default: the one of store.postgresUrl." },
    reader: { type: "string", doc: "The role that may only read. Default: the one of store.postgresReplicaUrl." },
  },
  run: async (context) => {
    const { config, application, flags, terminal, json } = context;
    refuseOtherEngines(context);
    const apply = flags["apply"] === true;
    const { grantDatabase } = await import("gatehouse");
    const named = texts(flags, { migrator: "migrator", writer: "writer", reader: "reader" });
    const { guardedTables } = application;
    const { roles, sql } = await grantDatabase({ config, guardedTables, apply, roles: named });
    if (json) terminal.printJson({ applied: apply, roles, sql });
    else if (apply)
      terminal.print(`Granted: ${roles.migrator} owns the schema, ${roles.writer} writes, ${roles.reader} reads.`);
    else terminal.print(sql);
    if (!json) terminal.note("New roles have no passwords yet: give them some with \\password in psql.");
    return 0;
  },
};

/** `gatehouse store migrate`. */
export const storeMigrate: Command = {
  name: "store migrate",
  ownSettings: true,
  usage: "",
  summary: "Applies pending migrations to PostgreSQL, so that a server which may not starts with a schema up to date.",
  run: async (context) => {
    const { config, application, terminal, json } = context;
    refuseOtherEngines(context);
    const { migrateDatabase } = await import("gatehouse");
    const { migrations, guardedTables } = application;
    const applied = await migrateDatabase({ config, migrations, guardedTables });
    if (json) terminal.printJson({ applied });
    else if (applied.length === 0) terminal.print("The schema is up to date.");
    else terminal.print(`Applied ${applied.length}: ${applied.join(", ")}.`);
    return 0;
  },
};

function refuseOtherEngines({ config: { store } }: CommandContext): void {
  if (store.engine === "postgres") return;
  throw new UsageError(
    "The embedded store has no roles, and applies migrations when it opens. This is for store.engine postgres.",
  );
}
