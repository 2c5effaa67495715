import type { Hono } from "hono";
import { deny, type Denial } from "../kernel/outcome.ts";
import type { Problem } from "../kernel/problem.ts";
import { problems } from "../kernel/problems.ts";

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"];

/** The methods an application has a route for at a path; middleware does not count. */
export function allowedMethods(app: Hono, path: string): readonly string[] {
  const allowed = METHODS.filter((method) =>
    app.router.match(method, path)[0].some(([[, route]]) => route.method === method),
  );
  if (allowed.length === 0) return [];
  return [...allowed, ...(allowed.includes("GET") ? ["HEAD"] : []), "OPTIONS"].toSorted();
}

/** The denial of a request that no route of an application answers; its event says which. */
export function missing(
  app: Hono,
  { method, url }: { readonly method: string; readonly url: URL },
  problem: Problem = problems.NOT_FOUND,
): Denial {
  return deny(problem, { context: { method, path: loggablePath(app, url.pathname) } });
}

/** A word as people name pages; nobody makes tokens without digits that short. */
const WORD = /^[A-Za-z][A-Za-z._-]{0,23}$/;
const MOST_SEGMENTS = 8;

/**
 * As much of a path without a route as can be logged: what routes begin with word for word, and the word that leads
 * away from them. What comes after may be the token of a link, and so may whatever stands where a route takes a parameter.
 */
export function loggablePath(app: Hono, path: string): string {
  const segments = path.split("/").slice(1);
  let routes = app.routes.map((route) => route.path.split("/").slice(1));
  const shown: string[] = [];
  for (const segment of segments.slice(0, MOST_SEGMENTS)) {
    const place = shown.length;
    const literal = routes.filter((route) => route[place] === segment);
    const parameter = routes.some((route) => route[place]?.startsWith(":") === true);
    if (literal.length === 0 && (parameter || !WORD.test(segment))) break;
    shown.push(segment);
    if (literal.length === 0) break;
    routes = literal;
  }
  return `/${[...shown, ...(shown.length < segments.length ? ["…"] : [])].join("/")}`;
}
