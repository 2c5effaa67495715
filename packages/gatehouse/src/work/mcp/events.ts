import { defineEvents } from "../../kernel/event.ts";

/** Events of the endpoint for clients of the Model Context Protocol. */
export const mcpEvents = defineEvents({
  mcp_tools_offered: {
    level: "info",
    description:
      "The server has started with these tools. The digest covers their names, descriptions and schemas, which models go by: it changes when one of them does.",
  },
  mcp_tools_listed: {
    level: "info",
    description: "A client was told which tools it may call; the digest is that of what it was told.",
  },
});
