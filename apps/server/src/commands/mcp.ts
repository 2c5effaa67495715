import { readFileSync } from "node:fs";
import { UsageError, type Command, type CommandContext } from "../command.ts";
import { bridgeMcp } from "../mcp-bridge.ts";

const TOKEN_VARIABLE = "WORK_TOKEN";

/** `gatehouse mcp`. */
export const mcp: Command = {
  name: "mcp",
  usage: "--url URL [--token-file FILE]",
  summary: "Serves MCP over standard input and output, for agents on this machine: passes it to a server's endpoint.",
  flags: {
    url: { type: "string", doc: "The endpoint: https://example.com/mcp" },
    "token-file": { type: "string", doc: `The file with the access token. Default: the variable ${TOKEN_VARIABLE}.` },
  },
  elsewhere: true,
  async run(context) {
    const { url } = context.flags;
    if (typeof url !== "string" || URL.parse(url) === null)
      throw new UsageError("Say where: --url https://example.com/mcp");
    await bridgeMcp({ url, token: tokenOf(context), input: process.stdin, output: process.stdout });
    return 0;
  },
};

function tokenOf({ flags, environment }: CommandContext): string {
  const file = flags["token-file"];
  const token = typeof file === "string" ? readFileSync(file, "utf8") : environment[TOKEN_VARIABLE];
  if (token === undefined || token.trim() === "") {
    throw new UsageError(`There is no access token. Set ${TOKEN_VARIABLE}, or name a file with --token-file.`);
  }
  return token.trim();
}
