import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  describeKeyMaterial,
  generateKeyMaterial,
  rotateKeyMaterial,
  stageKeyMaterial,
} from "../kernel/key-material.ts";
import { keyRotation, type KeyRotation } from "../kernel/key-rotation.ts";
import { systemRandom as random } from "../kernel/random.ts";
import { coreMigrations } from "../store/migrations/core-migrations.ts";
import { createDocuments } from "../store/sql/documents.ts";
import { openSqliteStore } from "../store/sqlite/sqlite-store.ts";
import { createFakeClock } from "../testing/fake-clock.ts";
import { createKeyReminder } from "./key-reminder.ts";

const DAY = 86_400_000;
const QUARTER = 90 * DAY;
const MINUTE = 60_000;

describe("keyRotation", () => {
  const clock = createFakeClock();
  const begun = clock.now();
  const first = generateKeyMaterial(random, clock);

  it("is due when the newest version has been in use for long enough", () => {
    const at = (now: number) => keyRotation(describeKeyMaterial(first, now), { now, rotateAfter: QUARTER });
    assert.deepEqual(at(begun + QUARTER - 1), {
      ...{ version: 1, usedFrom: begun, age: QUARTER - 1, dueAt: begun + QUARTER },
      due: false,
    });
    assert.equal(at(begun + QUARTER).due, true);
  });

  it("counts from when a version comes into use, and takes one that is to come for a rotation that has begun", () => {
    const staged = stageKeyMaterial(first, { random, clock, delay: 100 * DAY });
    const at = (now: number) => keyRotation(describeKeyMaterial(staged, now), { now, rotateAfter: QUARTER });
    assert.deepEqual(at(begun + 95 * DAY), {
      ...{ version: 2, usedFrom: begun + 100 * DAY, age: 0, dueAt: begun + 190 * DAY },
      due: false,
    });
    assert.equal(at(begun + 190 * DAY).due, true);
  });
});

describe("the reminder of a rotation", () => {
  it("comes once a day from two servers that look every five minutes, until the keys are rotated", async () => {
    const clock = createFakeClock();
    let material = generateKeyMaterial(random, clock);
    await using store = await openSqliteStore({
      memory: true,
      clock,
      migrations: coreMigrations,
      report: (error) => assert.ifError(error),
    });
    const reminders: KeyRotation[] = [];
    const server = () =>
      createKeyReminder({
        ...{ store, documents: createDocuments(), clock, rotateAfter: QUARTER },
        keys: { list: () => describeKeyMaterial(material, clock.now()) },
        remind: (rotation) => void reminders.push(rotation),
      });
    const look = [server(), server()];
    const lookFor = async (span: number, step: number) => {
      for (let passed = 0; passed < span; passed += step) {
        await Promise.all(look.map((one) => one()));
        await clock.advance(step);
      }
    };
    await lookFor(QUARTER, DAY);
    assert.deepEqual(reminders, []);
    await lookFor(2 * DAY, 5 * MINUTE);
    assert.deepEqual(
      reminders.map(({ version, age }) => [version, Math.floor(age / DAY)]),
      [
        [1, 90],
        [1, 91],
      ],
    );
    // Another process starts, and remembers nothing of its own.
    look.push(server());
    await lookFor(DAY / 2, 30 * MINUTE);
    assert.equal(reminders.length, 3);
    material = rotateKeyMaterial(material, random, clock);
    await lookFor(3 * DAY, DAY / 2);
    assert.equal(reminders.length, 3);
  });
});
