import { deepEqual } from "node:assert/strict";
import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { describeRoomSecurity } from "./room-security.ts";
import { startRealtimeSite } from "./realtime-site.ts";

describeRoomSecurity("the room of the tests", {
  start: () => startRealtimeSite({ settings: { server: { trustedProxies: ["127.0.0.1/32"] } } }),
  actor: { type: "room", key: ["lobby"] },
  token: (member) => `user-member${member}~${Date.now() + 60_000}`,
  expiredToken: () => `user-ada~${Date.now() - 1_000}`,
  command: { name: "say", input: { text: "hello" } },
  forbidden: { channels: ["staff"], commands: [{ name: "note", input: { note: "x" } }] },
});

/*
 * 16. The project whose words `defineRoom` takes over has one test, of another program: nobody would notice any of its
 * defects. A suite that is handed out has to notice them in others' rooms, each by its name.
 */
describe("a suite that notices nothing (defect 16)", () => {
  it("is not this one: each of its tests fails on a room without any rules", { timeout: 120_000 }, async () => {
    const program = fileURLToPath(new URL("unsafe-room.ts", import.meta.url));
    // A test that runs tests reports them to the outer one, unless it is told otherwise.
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const child = spawn(process.execPath, [...process.execArgv, "--test", "--test-reporter=tap", program], {
      ...{ env, stdio: ["ignore", "pipe", "ignore"] },
    });
    const report = await text(child.stdout);
    const titles = (line: RegExp) => [...report.matchAll(line)].map(([, title]) => title);
    deepEqual(titles(/^ {4,}ok \d+ - (.*)$/gm), []);
    deepEqual(
      titles(/^ {4,}not ok \d+ - (.*)$/gm).filter((title) => !title?.startsWith("security of")),
      [
        "refuses tokens that nobody has given out",
        "refuses an expired token, and knows when the good one expires",
        "refuses strangers, unless they may come in",
        "holds back a flood, of one connection and of one user over many",
        "refuses malicious input, and says nothing of itself",
        "refuses keys, channels and commands that it does not have",
        "refuses what the token's owner may not do",
        "refuses pages of other sites on every way in, and admits its own",
      ],
    );
  });
});
