import type { McpServerParts } from "gatehouse/work/mcp";

type Extend = NonNullable<McpServerParts["extend"]>;
type Served = Parameters<Extend>[0];

const PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const STATIC = {
  "test://static-text": { mimeType: "text/plain", text: "This is the content of the static text resource." },
  "test://static-binary": { mimeType: "image/png", blob: PIXEL },
  "test://watched-resource": { mimeType: "text/plain", text: "Watched." },
};
const HINT = { ttlMs: 1000, cacheScope: "private" } as const;

function serveResources(server: Served): void {
  server.registerCapabilities({ resources: {} });
  server.setRequestHandler("resources/list", () => ({
    ...HINT,
    resources: Object.entries(STATIC).map(([uri, { mimeType }]) => ({ uri, name: uri, mimeType })),
  }));
  server.setRequestHandler("resources/templates/list", () => ({
    ...HINT,
    resourceTemplates: [{ uriTemplate: "test://template/{id}/data", name: "template", mimeType: "application/json" }],
  }));
  server.setRequestHandler("resources/read", ({ params: { uri } }) => {
    const found = new Map(Object.entries(STATIC)).get(uri);
    if (found !== undefined) return { ...HINT, contents: [{ uri, ...found }] };
    const id = /^test:\/\/template\/(\w+)\/data$/.exec(uri)?.[1];
    if (id === undefined) {
      throw Object.assign(new Error("Resource not found"), { code: -32602, data: { uri } });
    }
    const text = JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` });
    return { ...HINT, contents: [{ uri, mimeType: "application/json", text }] };
  });
}

const user = (content: object) => ({ role: "user", content }) as const;
const ARGUMENTS = ["arg1", "arg2"].map((name) => ({ name, required: true }));
const PROMPTS = [
  { name: "test_simple_prompt" },
  { name: "test_prompt_with_arguments", arguments: ARGUMENTS },
  { name: "test_prompt_with_embedded_resource", arguments: [{ name: "resourceUri", required: true }] },
  { name: "test_prompt_with_image" },
  { name: "test_input_required_result_prompt" },
];

function promptMessages(name: string, given: Readonly<Record<string, string>>): readonly object[] | undefined {
  switch (name) {
    case "test_simple_prompt":
      return [user({ type: "text", text: "This is a simple prompt for testing." })];
    case "test_prompt_with_arguments": {
      const text = `Prompt with arguments: arg1='${given["arg1"] ?? ""}', arg2='${given["arg2"] ?? ""}'`;
      return [user({ type: "text", text })];
    }
    case "test_prompt_with_embedded_resource": {
      const uri = given["resourceUri"] ?? "";
      const resource = { uri, mimeType: "text/plain", text: "Embedded resource content for testing." };
      return [
        user({ type: "resource", resource }),
        user({ type: "text", text: "Please process the embedded resource above." }),
      ];
    }
    case "test_prompt_with_image":
      return [
        user({ type: "image", data: PIXEL, mimeType: "image/png" }),
        user({ type: "text", text: "Please analyze the image above." }),
      ];
    default:
      return undefined;
  }
}

function servePrompts(server: Served): void {
  server.registerCapabilities({ prompts: {}, completions: {} });
  const prompts = PROMPTS.map((prompt) => ({ ...prompt, description: "A prompt of the suite." }));
  server.setRequestHandler("prompts/list", () => ({ ...HINT, prompts }));
  server.setRequestHandler("prompts/get", ({ params }, { mcpReq }) => {
    if (params.name === "test_input_required_result_prompt") {
      if (mcpReq.inputResponses?.["user_context"] !== undefined) {
        return { messages: [{ role: "user", content: { type: "text", text: "With context." } }] };
      }
      const requestedSchema = { type: "object", properties: { context: { type: "string" } }, required: ["context"] };
      const request = {
        method: "elicitation/create",
        params: { mode: "form", message: "What context should the prompt use?", requestedSchema },
      };
      return { resultType: "input_required", inputRequests: { user_context: request } } as never;
    }
    const messages = promptMessages(params.name, params.arguments ?? {});
    if (messages === undefined) throw Object.assign(new Error("Prompt not found"), { code: -32602 });
    return { messages } as never;
  });
  server.setRequestHandler("completion/complete", () => ({
    completion: { values: ["paris", "park"], hasMore: false },
  }));
}

/** What the suite wants besides tools. */
export const extendForSuite: Extend = (server) => {
  server.registerCapabilities({ logging: {} });
  serveResources(server);
  servePrompts(server);
};
