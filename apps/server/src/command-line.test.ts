import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseCommandLine } from "./command-line.ts";
import { commands } from "./commands.ts";

function parse(line: string): ReturnType<typeof parseCommandLine> {
  return parseCommandLine(line === "" ? [] : line.split(" "), commands);
}

function refuses(line: string, message: string): void {
  assert.throws(() => parse(line), { name: "UsageError", message });
}

describe("parseCommandLine", () => {
  it("finds the command, its words, its flags, and the options of the configuration", () => {
    const { command, words, flags, settings, json, help } = parse(
      "bans add ip 192.0.2.7 --reason scraping --minutes=30 --data /srv/data --json",
    );
    assert.equal(command?.name, "bans add");
    assert.deepEqual(words, ["ip", "192.0.2.7"]);
    assert.deepEqual(flags, { reason: "scraping", minutes: "30" });
    assert.deepEqual(settings, { data: "/srv/data" });
    assert.deepEqual([json, help], [true, false]);
  });

  it("takes flags before the command, and both short and long help", () => {
    const { command, words, settings } = parse("--data /srv/data --json bans lift 7");
    assert.deepEqual([command?.name, words, settings], ["bans lift", ["7"], { data: "/srv/data" }]);
    assert.equal(parse("start --help").help, true);
    assert.equal(parse("keys rotate -h").help, true);
    assert.equal(parse("").command, undefined);
    assert.deepEqual([parse("--version").version, parse("start").version], [true, false]);
    // One in 64 digests begins so.
    const { flags } = parse("work approve 7 --revision 1 --digest -Qx_3-a");
    assert.equal(flags["digest"], "-Qx_3-a");
    assert.equal(parse("--help").help, true);
    const { command: none, help, words: group } = parse("keys --help");
    assert.deepEqual([none, help, group], [undefined, true, ["keys"]], "all commands of a group");
    refuses("nothing --help", 'There is no command "nothing". See gatehouse --help.');
  });

  it("asks what was meant by an unknown flag or command", () => {
    refuses("start --prot 1", "There is no flag --prot. Did you mean --port? See gatehouse start --help.");
    refuses("start --reason x", "There is no flag --reason. See gatehouse start --help.");
    refuses("--jsn", "There is no flag --jsn. Did you mean --json? See gatehouse --help.");
    refuses("statr", 'There is no command "statr". Did you mean gatehouse start? See gatehouse --help.');
    refuses("bans lft 7", 'There is no command "bans lft 7". Did you mean gatehouse bans lift? See gatehouse --help.');
    refuses("entirely", 'There is no command "entirely". See gatehouse --help.');
    refuses("keys", "Say which: gatehouse keys list, gatehouse keys rotate.");
  });

  it("refuses missing and surplus values and words", () => {
    refuses("start --port", "--port needs a value.");
    refuses("start --port -h", "--port needs a value.");
    refuses("start --port --json", "--port needs a value.");
    refuses("start --json=yes", "--json takes no value.");
    refuses(
      "start production",
      'gatehouse start does not know what to do with "production". See gatehouse start --help.',
    );
    refuses("backup one two", 'gatehouse backup does not know what to do with "two". See gatehouse backup --help.');
  });

  it("is not led astray by names every object has", () => {
    refuses("start --constructor x", "There is no flag --constructor. See gatehouse start --help.");
    refuses("start --__proto__=x", "There is no flag --__proto__. See gatehouse start --help.");
    refuses("toString", 'There is no command "toString". See gatehouse --help.');
  });
});
