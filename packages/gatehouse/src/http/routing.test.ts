import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Hono } from "hono";
import { loggablePath } from "./routing.ts";

const app = new Hono()
  .use("*", (_context, next) => next())
  .get("/", (context) => context.text(""))
  .get("/join/:token", (context) => context.text(""))
  .post("/console/enter/:token", (context) => context.text(""))
  .get("/api/livecomponents/action", (context) => context.text(""))
  .get("/assets/*", (context) => context.text(""));

// Secrets in paths: one-time links are paths with tokens in them. Who logs the paths that lead nowhere logs the link
// that was posted to the wrong place or copied with a character too many, and the log opens doors.
describe("loggablePath", () => {
  const shown = (path: string): string => loggablePath(app, path);

  it("shows where a path leaves the routes, for those who mistyped it", () => {
    assert.equal(shown("/nothing"), "/nothing");
    assert.equal(shown("/api/livecomponents/actoin"), "/api/livecomponents/actoin");
    assert.equal(shown("/api/live-components/action"), "/api/live-components/…");
    assert.equal(shown("/wp-login.php"), "/wp-login.php");
    assert.equal(shown("/"), "/");
    assert.equal(shown("/join"), "/join");
  });

  it("shows nothing of what may be a token", () => {
    const token = "Zx9Q2mB7vK4nT8wR1yU6pL3sD5fG0hJa";
    assert.equal(shown(`/console/enter/${token}`), "/console/enter/…");
    assert.equal(shown(`/console/enter/${token}/more`), "/console/enter/…");
    assert.equal(shown("/join/SUMMER"), "/join/…");
    assert.equal(shown(`/jion/${token}`), "/jion/…");
    assert.equal(shown("/jion/summer"), "/jion/…");
    assert.equal(shown(`/${token}`), "/…");
    assert.equal(shown(`/assets/${token}`), "/assets/…");
    assert.equal(shown("/4711"), "/…");
  });

  it("is of bounded length and of visible characters", () => {
    assert.equal(shown(`/${"a".repeat(5000)}`), "/…");
    assert.equal(shown("/a%0aforged%1b[2J"), "/…");
    assert.equal(shown("/a\nforged"), "/…");
    const deep = new Hono().get("/a/a/a/a/a/a/a/a/a/a", (context) => context.text(""));
    assert.equal(loggablePath(deep, "/a/a/a/a/a/a/a/a/a/b"), "/a/a/a/a/a/a/a/a/…");
  });
});
