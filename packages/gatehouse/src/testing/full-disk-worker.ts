import { systemClock } from "../kernel/clock.ts";
import { storageFaultOf } from "../media/storage/storage-error.ts";
import { coreMigrations } from "../store/migrations/core-migrations.ts";
import { openSqliteStore } from "../store/sqlite/sqlite-store.ts";
import { openFolder, StorageKit } from "./storage-kit.ts";
import { putFile, readFile } from "./storage-target-contract.ts";

/**
 * A process that may write no large file, as on a disk that is full. Arguments: folder of the hot target, folder of the
 * archive. Prints what became of a file at the hot target that is to be archived, and of one that is to be stored.
 */
const [hotFolder = "", archiveFolder = ""] = process.argv.slice(2);
await using store = await openSqliteStore({ memory: true, clock: systemClock, migrations: coreMigrations });
const hot = await openFolder("hot", hotFolder);
const archive = await openFolder("archive", archiveFolder);
const kit = new StorageKit({ store, clock: systemClock, hot, archive });
const large = (await readFile(hot, "t/large/view")) ?? "";
await store.write((transaction) =>
  kit.parts.files.add(transaction, {
    ...{ key: "t/large/view", bytes: large.length, type: "image/png", archiveAt: 0 },
    sha256: process.argv[4] ?? "",
  }),
);
await kit.settle();
const fault = await putFile(kit.target, "t/new/view", Buffer.from(large)).then(() => "none", storageFaultOf);
process.stdout.write(
  JSON.stringify({
    ...{ fault, events: kit.eventNames(), state: await kit.state("t/large/view") },
    hot: await hot.list(""),
    archive: await archive.list(""),
    recorded: (await kit.record("t/new/view")) !== undefined,
    reasons: kit.events.map(({ context }) => context["reason"]),
  }),
);
