import type { JsonObject, McpCaller } from "./caller.ts";

/** Work that goes on after a tool has answered, as the extension `io.modelcontextprotocol/tasks` has clients follow it. */
export interface McpTask {
  /** Random; nobody but whoever began it gets anywhere with it. */
  readonly id: string;
  /** What it follows, as the tool has named it. */
  readonly reference: string;
  /** Epoch milliseconds. */
  readonly createdAt: number;
}

/** How it is with a task. */
export type McpTaskState =
  | { readonly status: "working"; readonly message?: string; readonly changedAt?: number }
  /** Somebody has to do something first: what, by a key for each. */
  | {
      readonly status: "input_required";
      readonly requests: JsonObject;
      readonly message?: string;
      readonly changedAt?: number;
    }
  /** The tool has ended; `result` is what it would have answered at once. */
  | { readonly status: "completed"; readonly result: JsonObject; readonly changedAt?: number }
  /** The protocol failed, not the work. */
  | {
      readonly status: "failed";
      readonly error: { readonly code: number; readonly message: string };
      readonly changedAt?: number;
    }
  | { readonly status: "cancelled"; readonly changedAt?: number };

/** What the tasks of one tool follow. Whoever asks is whoever began the task, with the token of now. */
export interface McpTaskKind {
  look(task: McpTask, caller: McpCaller): Promise<McpTaskState>;
  /** Takes answers to what was asked; those to something else are left out. */
  answer?(task: McpTask, caller: McpCaller, responses: JsonObject): Promise<void>;
  /** Asks for it to end; whether it does shows when it is looked at. */
  cancel(task: McpTask, caller: McpCaller): Promise<void>;
}

/** The name of the extension. */
export const TASKS_EXTENSION = "io.modelcontextprotocol/tasks";

/** Whether a client has said that it knows tasks. */
export function knowsTasks(capabilities: JsonObject): boolean {
  const { extensions } = capabilities;
  return typeof extensions === "object" && extensions !== null && Object.hasOwn(extensions, TASKS_EXTENSION);
}
