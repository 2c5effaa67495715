import { describeOptions } from "gatehouse/kernel";
import type { Command } from "../command.ts";

/** `gatehouse config`. */
export const config: Command = {
  name: "config",
  usage: "",
  summary: "Prints the configuration in force; secrets are left out.",
  run: async (context) => {
    const values = describeOptions().map(({ path, secret }) => [
      path,
      secret ? "(secret)" : valueAt(context.config, path),
    ]);
    if (context.json) context.terminal.printJson(Object.fromEntries(values));
    else
      for (const [path, value] of values)
        context.terminal.print(`${String(path)} = ${JSON.stringify(value) ?? "unset"}`);
    return 0;
  },
};

function valueAt(root: object, path: string): unknown {
  let value: unknown = root;
  for (const name of path.split(".")) {
    value = typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
  }
  return value;
}
