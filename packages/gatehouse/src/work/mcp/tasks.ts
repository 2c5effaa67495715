import { z } from "zod";
import type { Principal } from "../../kernel/attempt.ts";
import type { Clock } from "../../kernel/clock.ts";
import { base64url } from "../../kernel/codec.ts";
import type { KeyRing } from "../../kernel/key-ring.ts";
import type { Documents } from "../../kernel/ports/documents.ts";
import type { Store } from "../../kernel/ports/store.ts";
import type { Random } from "../../kernel/random.ts";
import { INVALID_PARAMETERS, McpFault } from "./fault.ts";
import type { McpTask, McpTaskState } from "./task.ts";
import { callerParts, type JsonObject, type McpCaller } from "./caller.ts";
import type { McpTool, McpTools } from "./tool.ts";

/** What tasks are kept with. */
export interface McpTaskDeskParts {
  readonly documents: Documents;
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly keyRing: KeyRing;
}

const KIND = "mcp-task";
const ID_BYTES = 32;
/** Milliseconds a task can be asked about. */
const LIFETIME = 7 * 86_400_000;
/** Milliseconds between questions, as clients are told. */
const POLL = 2_000;
/** Tasks of one caller at a time. */
const MOST = 1_000;
const Kept = z.object({ tool: z.string(), reference: z.string(), createdAt: z.number() });

/** A task with the tool that it belongs to. */
interface Found {
  readonly task: McpTask;
  readonly tool: McpTool;
}

/**
 * Tasks. A row says who began which and what it follows; how it is with it is asked of what it follows. Its identifier
 * opens nothing for anybody else, and what is not somebody's is not there for them.
 */
export class McpTaskDesk {
  readonly #parts: McpTaskDeskParts;
  readonly #tools: McpTools;

  constructor(parts: McpTaskDeskParts, tools: McpTools) {
    this.#parts = parts;
    this.#tools = tools;
  }

  /**
   * Begins one and says so, once it is durable.
   * @throws {McpFault} when somebody has too many.
   */
  async begin(caller: McpCaller, tool: McpTool, reference: string): Promise<JsonObject> {
    const { store, documents, random, clock } = this.#parts;
    const id = base64url(random.bytes(ID_BYTES));
    const kept = { tool: tool.name, reference, createdAt: clock.now() };
    const key = this.#keyOf(caller, id);
    const owner = ownerOf(caller.principal);
    await store.write(async (writing) => {
      const { count } = await documents.owned(writing, { owner, except: key, least: 0 });
      if (count >= MOST) throw new McpFault(-32000, "There are too many tasks of yours; look at orders instead.");
      const expiresAt = kept.createdAt + LIFETIME;
      await documents.put(writing, key, { expected: 0, body: JSON.stringify(kept), expiresAt, owner });
    });
    const task = { id, reference, createdAt: kept.createdAt };
    const state = await kindOf(tool).look(task, caller);
    return { resultType: "task", ...describe(task, state) };
  }

  /** How it is with one: with what its tool would have answered, or what is asked, where that is known. */
  async look(caller: McpCaller, id: string): Promise<JsonObject> {
    const { task, tool } = await this.#find(caller, id);
    const state = await kindOf(tool).look(task, caller);
    return { ...describe(task, state), ...detailsOf(state) };
  }

  /** Takes answers to what a task has asked. */
  async answer(caller: McpCaller, id: string, responses: JsonObject): Promise<JsonObject> {
    const { task, tool } = await this.#find(caller, id);
    await kindOf(tool).answer?.(task, caller, responses);
    return {};
  }

  /** Asks for one to end. */
  async cancel(caller: McpCaller, id: string): Promise<JsonObject> {
    const { task, tool } = await this.#find(caller, id);
    await kindOf(tool).cancel(task, caller);
    return {};
  }

  async #find(caller: McpCaller, id: string): Promise<Found> {
    const { store, documents } = this.#parts;
    const row = await store.read((reading) => documents.get(reading, this.#keyOf(caller, id)));
    const kept = row && Kept.parse(JSON.parse(row.body));
    const tool = kept && this.#tools.find(kept.tool);
    if (kept === undefined || tool === undefined) throw new McpFault(INVALID_PARAMETERS, "There is no such task.");
    return { task: { id, reference: kept.reference, createdAt: kept.createdAt }, tool };
  }

  /** The identifier is not kept, and whose it is is part of the key: nobody finds another's. */
  #keyOf({ principal, tenant }: McpCaller, id: string) {
    const { keyRing } = this.#parts;
    return { kind: KIND, tenant, id: keyRing.fingerprint(KIND, tenant, ...callerParts(principal), id) };
  }
}

function ownerOf(principal: Principal): string {
  return JSON.stringify(callerParts(principal));
}

function kindOf({ name, task }: McpTool) {
  if (task === undefined) throw new TypeError(`The tool ${name} has answered by a task and does not say what follows.`);
  return task;
}

function describe({ id, createdAt }: McpTask, state: McpTaskState): JsonObject {
  const { status, changedAt = createdAt } = state;
  const message = "message" in state ? state.message : undefined;
  return {
    taskId: id,
    status,
    ...(message === undefined ? {} : { statusMessage: message }),
    createdAt: new Date(createdAt).toISOString(),
    lastUpdatedAt: new Date(changedAt).toISOString(),
    ttlMs: LIFETIME,
    pollIntervalMs: POLL,
  };
}

function detailsOf(state: McpTaskState): JsonObject {
  switch (state.status) {
    case "completed":
      // Clients read it as they would have read the answer itself.
      return { result: { resultType: "complete", ...state.result } };
    case "failed":
      return { error: state.error };
    case "input_required":
      return { inputRequests: state.requests };
    case "working":
    case "cancelled":
      return {};
  }
}
