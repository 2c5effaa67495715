import { suspicious } from "../misfit.ts";
import type { HeldBox } from "./box.ts";

/** Refuses what a table says of samples that there are not. Called once it is known how many there are. */
export type SampleCheck = (samples: number) => void;

/** Sizes of the groups of samples that are known; of what others say nobody knows whether it may stay. */
const GROUP_BYTES: Readonly<Record<string, number>> = {
  ...{ roll: 2, prol: 2, "rap ": 1, tele: 1, sync: 1, tscl: 20, tsas: 0, stsa: 0 },
};
const GROUPED = new Set(["sbgp", "sgpd"]);

/** Whether a table is about something that is not known, and goes. */
export function isForeignTable({ type, content }: HeldBox): boolean {
  if (!GROUPED.has(type)) return false;
  const bytes = GROUP_BYTES[content.toString("latin1", 4, 8)];
  const isOfItsOwn = type === "sgpd" && content[0] === 1 && content.length >= 12 && content.readUInt32BE(8) !== bytes;
  return bytes === undefined || isOfItsOwn;
}

/**
 * Looks at a table that stays as it is: it has to be exactly as long as it says, so that nothing is behind its entries,
 * and to have none for samples that there are not.
 */
export function checkTable({ type, content, start }: HeldBox): SampleCheck {
  const check = CHECKS[type];
  if (check === undefined) throw suspicious("box size", start);
  return check(content, start);
}

type Check = (content: Buffer, at: number) => SampleCheck;

const CHECKS: Readonly<Record<string, Check>> = {
  stts: runsAt(8, 8),
  ctts: runsAt(8, 8),
  stss: numbers,
  stps: numbers,
  sdtp: (content, at) => eachSample(content, { at, head: 4, bytes: 1 }),
  stdp: (content, at) => eachSample(content, { at, head: 4, bytes: 2 }),
  padb(content, at) {
    const count = countAt(content, 4, at);
    if (content.length !== 8 + Math.ceil(count / 2)) throw suspicious("box size", at);
    return (samples) => refuseOthers(count === samples, at);
  },
  sbgp: (content, at) => runsAt(content[0] === 1 ? 16 : 12, 8)(content, at),
  sgpd(content, at) {
    const bytes = GROUP_BYTES[content.toString("latin1", 4, 8)] ?? 0;
    const version = content[0] ?? 0;
    // Since version 1 it says how long its entries are, and since version 2 which one is for all others.
    const head = version === 0 ? 12 : 16;
    if (content.length !== head + countAt(content, head - 4, at) * bytes) throw suspicious("box size", at);
    return (samples) => refuseOthers(bytes > 0 || countAt(content, head - 4, at) <= samples, at);
  },
  cslg(content, at) {
    if (content.length !== (content[0] === 1 ? 44 : 24)) throw suspicious("box size", at);
    return anything;
  },
  elst(content, at) {
    exactly(content, { at, head: 8, bytes: content[0] === 1 ? 20 : 12 });
    return anything;
  },
};

function anything(): void {}

/** Of runs: how many samples there are in each comes first. */
function runsAt(head: number, bytes: number): Check {
  return (content, at) => {
    const count = exactly(content, { at, head, bytes });
    let sum = 0;
    let isEmpty = false;
    for (let place = head; place < content.length; place += bytes) {
      const run = content.readUInt32BE(place);
      sum += run;
      isEmpty ||= run === 0;
    }
    return (samples) => refuseOthers(sum <= samples && (!isEmpty || (samples === 0 && count === 1)), at);
  };
}

/** Of numbers of samples, from 1, each larger than the one before. */
function numbers(content: Buffer, at: number): SampleCheck {
  exactly(content, { at, head: 8, bytes: 4 });
  let last = 0;
  let isRising = true;
  for (let place = 8; place < content.length; place += 4) {
    const number = content.readUInt32BE(place);
    isRising &&= number > last;
    last = number;
  }
  return (samples) => refuseOthers(isRising && last <= samples, at);
}

interface Shape {
  readonly at: number;
  readonly head: number;
  readonly bytes: number;
}

function eachSample(content: Buffer, { at, head, bytes }: Shape): SampleCheck {
  return (samples) => {
    if (content.length !== head + samples * bytes) throw suspicious("box size", at);
  };
}

/** How many entries a table has, where it is exactly as long as that takes. The count stands before the first. */
function exactly(content: Buffer, { at, head, bytes }: Shape): number {
  const count = countAt(content, head - 4, at);
  if (content.length !== head + count * bytes) throw suspicious("box size", at);
  return count;
}

function countAt(content: Buffer, place: number, at: number): number {
  if (content.length < place + 4) throw suspicious("box size", at);
  return content.readUInt32BE(place);
}

function refuseOthers(isTrue: boolean, at: number): void {
  if (!isTrue) throw suspicious("sample tables", at);
}
