import { deny, type Outcome } from "../../kernel/outcome.ts";
import { problems } from "../../kernel/problems.ts";
import { attemptAction, type ActionToolParts } from "./action-tool.ts";
import type { JsonObject, McpCaller } from "./caller.ts";

/** What clients can read by an address. */
export interface McpResources {
  /** Addresses with places in braces, as clients fill them in. */
  readonly templates: readonly JsonObject[];
  /** What is there; a denial where nothing is, or nothing for whoever asks. */
  read(uri: string, caller: McpCaller): Promise<Outcome>;
}

const MIME_TYPE = "application/json";
const ORDER = /^work:\/\/orders\/([0-9a-f-]{36})$/;
const PLAN = /^work:\/\/orders\/([0-9a-f-]{36})\/plans\/([1-9]\d{0,8})$/;

/** Orders and their plans, as the answers of tools point to them. Reading one is an attempt as any other. */
export function workResources(parts: ActionToolParts): McpResources {
  return {
    templates: [
      {
        ...{ uriTemplate: "work://orders/{order}", name: "order", title: "A work order", mimeType: MIME_TYPE },
        description: "An order with its items, its newest plan in short, and what was decided about it.",
      },
      {
        ...{
          uriTemplate: "work://orders/{order}/plans/{revision}",
          name: "plan",
          title: "A plan",
          mimeType: MIME_TYPE,
        },
        description: "What exactly an order would change. Sensitive values are masked.",
      },
    ],
    read(uri, caller) {
      const order = ORDER.exec(uri)?.[1];
      if (order !== undefined) return attemptAction(parts, caller, { action: "work.get", given: { order } });
      const [, planned, revision] = PLAN.exec(uri) ?? [];
      if (planned === undefined) return Promise.resolve(deny(problems.NOT_FOUND));
      const given = { order: planned, revision: Number(revision) };
      return attemptAction(parts, caller, { action: "work.preview", given });
    },
  };
}
