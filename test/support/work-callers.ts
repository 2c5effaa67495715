import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { z } from "zod";
import type { WorkSite } from "./work-site.ts";

type Value = Readonly<Record<string, unknown>>;

/** What came of a call: a value, or the code of the problem. */
export type Called = { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly code: string };

/** An agent that calls operations by the names of their tools; a key where the operation asks for one. */
export interface WorkCaller extends AsyncDisposable {
  call(operation: string, input: Value, key?: string): Promise<Called>;
}

/** How an agent reaches a site. */
export type OpenCaller = (site: WorkSite, scope: string) => Promise<WorkCaller>;

const Answered = z.record(z.string(), z.unknown());
const Refusal = z.looseObject({ code: z.string() });

/** The official client of the Model Context Protocol. */
export const overMcp: OpenCaller = async (site, scope) => {
  const token = await site.token({ scope });
  const client = new Client({ name: "agent", version: "1.0.0" }, { versionNegotiation: { mode: "auto" } });
  const requestInit = { headers: { authorization: `Bearer ${token}` } };
  const url = new URL(`${site.origin}/mcp`);
  await client.connect(new StreamableHTTPClientTransport(url, { requestInit, fetch: site.fetch }));
  return {
    async call(name, input, key) {
      const given = key === undefined ? input : { ...input, idempotency_key: key };
      const result = await client.callTool({ name, arguments: { ...given } });
      if (result.isError !== true) return { ok: true, value: Answered.parse(result.structuredContent ?? {}) };
      const [told] = z.array(z.object({ text: z.string() })).parse(result.content);
      return { ok: false, code: Refusal.parse(JSON.parse(told?.text ?? "{}")).code };
    },
    [Symbol.asyncDispose]: () => client.close(),
  };
};

/** Where operations are over REST; what is in braces is taken out of the input. */
const PLACES: Readonly<Record<string, string>> = {
  "work.propose": "POST /propose",
  "work.get": "GET /orders/{order}",
  "work.checkout": "POST /orders/{order}/checkout",
  "work.heartbeat": "POST /items/{item}/heartbeat",
  "work.submit": "POST /items/{item}/submit",
  "work.preview": "GET /orders/{order}/plan",
  "work.approve": "POST /orders/{order}/approve",
  "work.reject": "POST /orders/{order}/reject",
  "work.cancel": "POST /orders/{order}/cancel",
  "work.revert": "POST /orders/{order}/revert",
};

/** Any client of HTTP. */
export const overRest: OpenCaller = async (site, scope) => {
  const token = await site.token({ at: "rest", scope });
  return {
    async call(operation, input, key) {
      const [method = "", place = ""] = (PLACES[operation] ?? "").split(" ");
      const left: Record<string, unknown> = { ...input };
      const path = place.replaceAll(/\{(\w+)\}/g, (_all, name: string) => {
        const value = String(left[name]);
        delete left[name];
        return value;
      });
      const answer = await site.send(`/api/work${path}`, {
        ...{ token, method },
        ...(method === "POST" ? { body: left } : {}),
        headers: key === undefined ? {} : { "idempotency-key": key },
      });
      if (answer.status < 300) return { ok: true, value: answer.json };
      return { ok: false, code: Refusal.parse(answer.json).code };
    },
    [Symbol.asyncDispose]: async () => {},
  };
};
