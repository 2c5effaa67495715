// Loaded into the server with --import and --expose-gc: at SIGUSR2 it collects garbage and writes what is left.
import { writeFileSync } from "node:fs";

const file = process.env["DRILL_MEMORY_FILE"];

process.on("SIGUSR2", () => {
  globalThis.gc?.();
  // What finalizers and closed sockets let go of is collected in the second round.
  setTimeout(() => {
    globalThis.gc?.();
    if (file !== undefined) writeFileSync(file, JSON.stringify(process.memoryUsage()));
  }, 200);
});
