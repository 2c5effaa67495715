import { text } from "node:stream/consumers";
import { UsageError } from "./command.ts";

/**
 * A secret that is piped in: the first line, without its end. From the command line's own words it would be seen by
 * everybody who lists processes.
 * @throws {UsageError} where somebody would have to type it readably, or nothing comes.
 */
export async function readPiped(input: NodeJS.ReadStream): Promise<string> {
  const how = "Pipe the password in: gatehouse accounts create ada@example.org --password-stdin < FILE";
  if (input.isTTY) throw new UsageError(how);
  const [line = ""] = (await text(input)).split(/\r?\n/);
  if (line === "") throw new UsageError(how);
  return line;
}
