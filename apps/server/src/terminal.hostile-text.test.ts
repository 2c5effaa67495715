import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { describe, it } from "node:test";
import { createTerminal, formatTable, type Terminal } from "./terminal.ts";

/** Clears the screen, sets a title, commands in one byte, hides what follows, and turns text around. */
const HOSTILE = "a\u001B[2Jb\u001B]0;owned\u0007c\u009B2Jd\u001B[8me\u202Ef\u2066g\rh\u0008";

interface Screen {
  readonly terminal: Terminal;
  readonly shown: () => string;
}

function screen(isTTY: boolean): Screen {
  const stream = Object.assign(new PassThrough(), { isTTY });
  // A terminal uses nothing else of a stream.
  const output = stream as unknown as NodeJS.WriteStream;
  return {
    terminal: createTerminal(output, output, {}),
    shown: () => String(stream.read() ?? ""),
  };
}

/*
 * An agent, a guest or a client names something by a text that commands the terminal of whoever looks: it clears the screen,
 * hides the line below, or shows another plan than is approved. Whatever a command prints of it is seen and does nothing.
 */
describe("text that commands a terminal", () => {
  for (const isTTY of [true, false]) {
    it(`does nothing where it is printed, ${isTTY ? "with" : "without"} colours`, () => {
      const { terminal, shown } = screen(isTTY);
      terminal.print(`${terminal.style("red", "label")} ${HOSTILE}`);
      terminal.note(HOSTILE);
      terminal.print(formatTable(["NAME"], [[`${HOSTILE}\n2026-01-01  approved`]]));
      const text = shown();
      const left = isTTY ? text.replaceAll(/\u001B\[(?:31|39)m/g, "") : text;
      assert.doesNotMatch(left, /(?!\n)[\p{Cc}\u202E\u2066]/u);
      assert.equal(text.includes("\u001B[31mlabel\u001B[39m"), isTTY, "colours of its own are shown");
      assert.equal(text.trimEnd().split("\n").length, 4, "a cell begins no row");
      assert.match(text, /a\uFFFD\[2Jb/);
    });
  }

  it("is the same JSON, in which no terminal finds a command", () => {
    const { terminal, shown } = screen(true);
    terminal.printJson({ text: HOSTILE });
    terminal.printJson({ text: HOSTILE }, "line");
    const text = shown();
    assert.doesNotMatch(text, /(?!\n)[\p{Cc}\u202E\u2066]/u);
    const [line = ""] = text.trimEnd().split("\n").slice(-1);
    assert.deepEqual(JSON.parse(line), { text: HOSTILE });
    assert.deepEqual(JSON.parse(text.slice(0, text.lastIndexOf("{"))), { text: HOSTILE });
  });
});
