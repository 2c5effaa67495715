import { randomUUID } from "node:crypto";
import { Client } from "../../support/client.ts";
import type { ServerProcess } from "../../support/server-process.ts";
import type { Dice } from "../drill.ts";
import type { Draft } from "./draft.ts";

/** Draws requests that are as they should be, to be spoilt. */
export interface Targets {
  draw(dice: Dice): Draft;
}

interface Plan {
  readonly method: string;
  readonly target: string;
  readonly body?: (visitor: Client) => string;
  readonly type?: string;
}

const VISITORS = 6;
const JSON_TYPE = "application/json";
const FORM_TYPE = "application/x-www-form-urlencoded";

/** Requests of people who really have a session, a token and components, to every kind of place the server has. */
export async function findTargets(server: ServerProcess): Promise<Targets> {
  const visitors: Client[] = [];
  let page = "";
  for (let number = 0; number < VISITORS; number += 1) {
    const visitor = new Client({ url: server.url });
    page = (await visitor.open("/events/anna-and-ben")).text;
    visitors.push(visitor);
  }
  const assets = [...page.matchAll(/(?:href|src)="(\/[^"]+\.(?:css|js|svg))"/g)].map(([, path = ""]) => path);
  const plans: readonly Plan[] = [...livePlans(), ...otherPlans(assets)];
  return {
    draw(dice) {
      const visitor = dice.pick(visitors);
      const plan = dice.pick(plans);
      return draftOf(plan, visitor, server.url);
    },
  };
}

function livePlans(): Plan[] {
  const target = "/api/livecomponents/action";
  const live = (component: string, action: string, params: object): Plan => ({
    ...{ method: "POST", target, type: JSON_TYPE },
    body: (visitor) => JSON.stringify(call(visitor, component, { action, params })),
  });
  const sign = live("guestbook", "sign", { author: "Drill", message: "Malformed, perhaps" });
  const form: Plan = {
    ...{ method: "POST", target, type: FORM_TYPE },
    body: (visitor) =>
      String(
        new URLSearchParams({
          _component_id: visitor.component("guestbook").id,
          _action: "sign",
          _csrf_token: visitor.token ?? "",
          _idempotency_key: randomUUID(),
          _seed: visitor.component("guestbook").seed ?? "",
          _base_version: "0",
          _return: "/",
          author: "Drill",
          message: "Malformed, perhaps",
        }),
      ),
  };
  return [sign, sign, live("guestbook", "more", {}), live("like", "set", { liked: true }), form];
}

function call(visitor: Client, component: string, { action, params }: { action: string; params: object }): object {
  const { id, version, seed } = visitor.component(component);
  return { component_id: id, action, params, base_version: version, seed, idempotency_key: randomUUID() };
}

function otherPlans(assets: readonly string[]): Plan[] {
  const get = (target: string): Plan => ({ method: "GET", target });
  const report = JSON.stringify({ "csp-report": { "document-uri": "http://localhost/", "blocked-uri": "inline" } });
  const token = (visitor: Client): string => String(new URLSearchParams({ _csrf_token: visitor.token ?? "" }));
  return [
    ...["/", "/events/anna-and-ben", "/events/nowhere", "/nowhere", "/api/csrf/refresh", "/healthz", "/readyz"].map(
      get,
    ),
    ...["/console", "/console/events", "/console/bans", "/console/enter/nothing", "/join/nothing"].map(get),
    ...assets.map(get),
    { method: "POST", target: "/csp/report", type: "application/csp-report", body: () => report },
    { method: "POST", target: "/join/nothing", type: FORM_TYPE, body: token },
    { method: "POST", target: "/console/enter/nothing", type: FORM_TYPE, body: token },
    { method: "POST", target: "/console/leave", type: FORM_TYPE, body: token },
    { method: "OPTIONS", target: "/api/livecomponents/action" },
    { method: "HEAD", target: "/events/anna-and-ben" },
  ];
}

function draftOf({ method, target, body, type }: Plan, visitor: Client, origin: string): Draft {
  const cookie = [...visitor.cookies].map((pair) => pair.join("=")).join("; ");
  const unsafe = method === "POST";
  return {
    ...{ method, target, version: "HTTP/1.1", lineEnd: "\r\n", lengths: "fitting", sending: "whole" },
    headers: [
      ["Host", new URL(origin).host],
      ["User-Agent", "drill"],
      ["Accept", unsafe ? "application/json" : "text/html"],
      ["Cookie", cookie],
      ["Sec-Fetch-Site", "same-origin"],
      ...(unsafe ? ([["Origin", origin]] satisfies [string, string][]) : []),
      ...(unsafe ? ([["X-CSRF-Token", visitor.token ?? ""]] satisfies [string, string][]) : []),
      ...(type === undefined ? [] : ([["Content-Type", type]] satisfies [string, string][])),
    ],
    body: Buffer.from(body?.(visitor) ?? ""),
    tail: Buffer.alloc(0),
  };
}
