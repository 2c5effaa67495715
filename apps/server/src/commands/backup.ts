import { resolve } from "node:path";
import { z } from "zod";
import { UsageError, type Command } from "../command.ts";
import { operateAndShow } from "../operate.ts";

const Saved = z.object({ file: z.string(), bytes: z.number() });

/** `gatehouse backup FILE`. */
export const backup: Command = {
  name: "backup",
  usage: "FILE",
  words: 1,
  summary: "Writes a consistent copy of the embedded store, while the server runs or stands still.",
  run: (context) => {
    const [file] = context.words;
    if (file === undefined) throw new UsageError("Say where to: gatehouse backup FILE");
    refuseOtherEngines(context.config.store.engine, "pg_dump");
    context.terminal.note("Copying the store ...");
    return operateAndShow(context, { action: "store.backup", input: { file: resolve(file) } }, (value) => {
      const saved = Saved.parse(value);
      context.terminal.print(`Saved ${saved.file} (${saved.bytes.toLocaleString("en")} bytes).`);
      context.terminal.print("The key file is not part of it: keep a copy of that elsewhere.");
    });
  },
};

/** `gatehouse restore FILE`. */
export const restore: Command = {
  name: "restore",
  ownSettings: true,
  usage: "FILE [--force]",
  words: 1,
  summary: "Puts a copy back in place of the embedded store of a stopped server.",
  flags: { force: { type: "boolean", doc: "Replace the data that is there." } },
  run: async ({ words, flags, config, terminal, json }) => {
    const [file] = words;
    if (file === undefined) throw new UsageError("Say from where: gatehouse restore FILE");
    refuseOtherEngines(config.store.engine, "pg_restore");
    terminal.note("Checking and copying ...");
    const { restoreStore } = await import("gatehouse/store/sqlite");
    await restoreStore(resolve(file), config.dataDirectory, { force: flags["force"] === true });
    if (json) terminal.printJson({ restored: true });
    else terminal.print(`The store in ${config.dataDirectory} is restored.`);
    return 0;
  },
};

function refuseOtherEngines(engine: string, tool: string): void {
  if (engine !== "sqlite") throw new UsageError(`The data is in PostgreSQL: use ${tool} and its companions.`);
}
