/** `npm start`: the server in the foreground. Arguments go to it: `npm start -- --port 4000`. */
import { gatehouse } from "./gatehouse.mjs";
import { runTool } from "./setup.mjs";

await runTool(() => gatehouse(["start", ...process.argv.slice(2)]));
