import { describeOptions } from "gatehouse/kernel";
import type { Command } from "../command.ts";

/** `gatehouse config`. */
export const config: Command = {
  name: "config",
  ownSettings: true,
  usage: "",
  summary: "Prints the configuration in force; of secrets only whether they are set.",
  run: async (context) => {
    const values = describeOptions().map(({ path, secret }) => {
      const value = valueAt(context.config, path);
      return [path, secret && value !== undefined ? "(secret)" : value];
    });
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
