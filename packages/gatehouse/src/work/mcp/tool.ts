import type { Attempt, Principal } from "../../kernel/attempt.ts";
import type { Denial } from "../../kernel/outcome.ts";
import type { Store } from "../../kernel/ports/store.ts";
import type { JsonObject, McpCaller } from "./caller.ts";
import type { McpTaskKind } from "./task.ts";

/** What clients may go by when they ask a person before a call. They are hints: the gate decides. */
export interface McpAnnotations {
  readonly readOnlyHint: boolean;
  readonly destructiveHint: boolean;
  readonly idempotentHint: boolean;
  readonly openWorldHint: boolean;
}

/** One call of a tool. */
export interface McpCall extends McpCaller {
  readonly arguments: JsonObject;
  /** What the client can do besides: answer questions of a server, for example. */
  readonly capabilities: JsonObject;
  /** Whether the client knows tasks. */
  readonly tasks: boolean;
  /** Answers of the client to what a tool has asked in the round before; untrusted. */
  readonly inputs: JsonObject | undefined;
  /** What the tool has handed out with its questions, verified and used up. */
  readonly state: unknown;
  progress(done: number, total: number): Promise<void>;
  log(level: "info" | "warning" | "error", data: unknown): Promise<void>;
}

/** How a tool answers. */
export type McpAnswer =
  /** The tool has ended, well or with a refusal that a model can read. */
  | {
      readonly kind: "result";
      readonly content: readonly JsonObject[];
      readonly structured?: JsonObject;
      readonly refused?: boolean;
    }
  /** It needs to know something from the client before it goes on: the same call comes again with `inputs` and `state`. */
  | { readonly kind: "input"; readonly requests?: JsonObject; readonly state?: unknown }
  /** What it has begun goes on, and can be asked about by what this names. */
  | { readonly kind: "task"; readonly reference: string };

/** Something that clients can call. */
export interface McpTool {
  /** At most 64 of `A-Z a-z 0-9 _ . / -`. */
  readonly name: string;
  /** What a person reads who is asked whether it may be called. */
  readonly title: string;
  /** What a model reads. */
  readonly description: string;
  /** JSON Schemas (2020-12) of its arguments and of what it answers. */
  readonly input: JsonObject;
  readonly output?: JsonObject;
  readonly annotations: McpAnnotations;
  /** Whoever has no token with this scope is neither told of it nor let call it. Default: any token for the endpoint will do. */
  readonly scope?: string;
  /** What calls that are answered by a task go on as. */
  readonly task?: McpTaskKind;
  /** Whether it can be answered by a task alone, so that clients that know none cannot call it. Default false. */
  readonly needsTasks?: boolean;
  /** Why a call is refused before the protocol's library sees it, with a status and header fields of HTTP. */
  admit?(call: McpAdmission): Promise<Denial | undefined>;
  call(call: McpCall): Promise<McpAnswer>;
}

/** A call that was not let in yet. */
export interface McpAdmission {
  readonly principal: Principal;
  readonly attempt: Attempt;
  readonly arguments: JsonObject;
  readonly read: Store["read"];
}

const NAME = /^[A-Za-z0-9_./-]{1,64}$/;

/**
 * Tools by name.
 * @throws {TypeError} for names that are malformed or taken.
 */
export class McpTools {
  readonly all: readonly McpTool[];
  readonly #byName: ReadonlyMap<string, McpTool>;

  constructor(tools: readonly McpTool[]) {
    this.all = tools.toSorted((left, right) => (left.name < right.name ? -1 : 1));
    this.#byName = new Map(tools.map((tool) => [tool.name, tool]));
    for (const { name } of tools) if (!NAME.test(name)) throw new TypeError(`"${name}" is not the name of a tool.`);
    if (this.#byName.size < tools.length) throw new TypeError("Two tools have the same name.");
  }

  /** A tool by what a client calls it. */
  find(name: unknown): McpTool | undefined {
    return typeof name === "string" ? this.#byName.get(name) : undefined;
  }

  /** What somebody may call. The system itself may call all. */
  for({ type, grants }: Principal): readonly McpTool[] {
    return this.all.filter(({ scope }) => scope === undefined || type === "system" || grants.has(scope));
  }
}

/** A tool as lists tell of it. */
export function describeTool({ name, title, description, input, output, annotations }: McpTool): JsonObject {
  return {
    ...{ name, title, description, inputSchema: input },
    ...(output === undefined ? {} : { outputSchema: output }),
    annotations: { title, ...annotations },
  };
}
