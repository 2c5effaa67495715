/**
 * Runs the database servers of one test run: prints where they are as one line of JSON, and stops them when its
 * standard input ends, which also happens when the test run is killed. Arguments: `postgresql`, `valkey`.
 */
import { once } from "node:events";
import { startPostgres, startValkey } from "../../packages/gatehouse/src/testing/services.ts";

await using stack = new AsyncDisposableStack();
const wanted = process.argv.slice(2);
const environment: Record<string, string> = {};
if (wanted.includes("postgresql")) {
  environment["TEST_POSTGRES_URL"] = stack.use(await startPostgres({ durable: false })).url;
}
if (wanted.includes("valkey")) {
  environment["TEST_VALKEY_URL"] = stack.use(await startValkey()).url;
}
// Ctrl-C reaches this process too; the tests still need their servers to clean up.
process.on("SIGINT", () => undefined);
process.stdout.write(`${JSON.stringify(environment)}\n`);
process.stdin.resume();
await once(process.stdin, "close");
