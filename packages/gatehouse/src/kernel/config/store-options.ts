import { choice, duration, text, url } from "./kind.ts";
import { option } from "./option.ts";

/** Options of the transactional store. */
export const storeOptions = {
  "store.engine": option(choice("sqlite", "postgres"), {
    doc: "What keeps data: the embedded store in the data directory, or a PostgreSQL server that several processes share.",
    default: "sqlite",
  }),
  "store.postgresUrl": option(url("postgres", "postgresql"), {
    doc: "Connection URL of the PostgreSQL server.",
    secret: true,
  }),
  "store.postgresMigratorUrl": option(url("postgres", "postgresql"), {
    doc: "Connection URL of the role that owns the schema. It applies migrations, and the server runs as the role of `store.postgresUrl`, which then need not be able to.",
    secret: true,
  }),
  "store.postgresAdminUrl": option(url("postgres", "postgresql"), {
    doc: "Connection URL of a role that may create roles, for `gatehouse store grants --apply`. No server needs it.",
    secret: true,
  }),
  "store.postgresReplicaUrl": option(url("postgres", "postgresql"), {
    doc: "Connection URL of a hot standby, with a role that may only read. Actions without effects read there.",
    secret: true,
  }),
  "store.postgresReplicaPatience": option(duration("1ms"), {
    doc: "How long a read waits for the replica to have what was committed when it began; then it reads at the primary.",
    default: "100ms",
  }),
  "store.postgresCa": option(text("a path"), {
    doc: "PEM file with the authority that signed the certificates of the PostgreSQL servers. Default: the system's authorities.",
  }),
} as const;
