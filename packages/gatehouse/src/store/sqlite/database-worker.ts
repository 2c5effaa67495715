import { DatabaseSync } from "node:sqlite";
import { parentPort, workerData } from "node:worker_threads";

/** What the worker is asked: to move the log into the database file, or to verify the database. */
export type DatabaseTask = "checkpoint" | "check";

/** What it answers. */
export type DatabaseAnswer =
  | { readonly task: "checkpoint"; readonly log: number; readonly checkpointed: number }
  | { readonly task: "check"; readonly problems: readonly string[] }
  | { readonly task: "error"; readonly message: string; readonly resultCode: number };

function isPath(value: unknown): value is { readonly path: string } {
  return typeof value === "object" && value !== null && "path" in value && typeof value.path === "string";
}

function checkpoint(database: DatabaseSync): DatabaseAnswer {
  const row = database.prepare("PRAGMA wal_checkpoint(PASSIVE)").get();
  return { task: "checkpoint", log: Number(row?.["log"] ?? 0), checkpointed: Number(row?.["checkpointed"] ?? 0) };
}

function check(database: DatabaseSync): DatabaseAnswer {
  const rows = database.prepare("PRAGMA quick_check(20)").all();
  const problems = rows.map((row) => String(Object.values(row)[0])).filter((text) => text !== "ok");
  return { task: "check", problems };
}

function failure(error: unknown): DatabaseAnswer {
  const resultCode = error instanceof Error && "errcode" in error ? Number(error.errcode) & 0xff : 0;
  return { task: "error", message: error instanceof Error ? error.message : String(error), resultCode };
}

if (parentPort !== null && isPath(workerData)) {
  const port = parentPort;
  const database = new DatabaseSync(workerData.path, { timeout: 5000 });
  // Less than NORMAL would let a checkpoint skip the syncs that make it safe.
  database.exec("PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 0");
  port.on("message", (task: DatabaseTask | "close") => {
    if (task === "close") {
      database.close();
      port.close();
      return;
    }
    try {
      port.postMessage(task === "checkpoint" ? checkpoint(database) : check(database));
    } catch (error) {
      port.postMessage(failure(error));
    }
  });
}
