/** What a step of a monitor works with. */
export interface Probe {
  /** Where visitors reach the server: everything goes through the front door. */
  readonly origin: string;
  /** Aborted when the run has taken too long, or the server stops. */
  readonly signal: AbortSignal;
  /** Somebody with a browser: keeps cookies between requests, follows no redirect. */
  readonly visitor: () => ProbeVisitor;
  /** Has something undone at the end of the run, whatever became of it; last first. */
  readonly defer: (undo: () => Promise<void>) => void;
}

/** Sends what a browser sends, and keeps the cookies it is given. */
export interface ProbeVisitor {
  fetch(path: string, init?: RequestInit): Promise<Response>;
}

/** Why a step was not tried: there is nothing here that it could try. It counts neither as a success nor as a failure. */
export interface SkippedStep {
  readonly skipped: string;
}

/** One thing that has to work. It throws where it does not; `ProbeFailure` says it in words. */
export interface MonitorStep {
  /** A word for metrics and results: `a-z 0-9 -`. */
  readonly name: string;
  readonly run: (probe: Probe) => Promise<SkippedStep | void>;
}

/** Something that is tried again and again from outside, as those do whom it is for. */
export interface Monitor {
  /** A word for metrics and commands: `a-z 0-9 -`. */
  readonly name: string;
  /** What it looks after, for people. */
  readonly title: string;
  /** Milliseconds between two runs. Default five minutes. */
  readonly every?: number;
  /** Milliseconds a run may take. Default one minute. */
  readonly timeout?: number;
  /** Runs that fail in a row before somebody is told. Default 2. */
  readonly alertAfter?: number;
  /** Makes the steps of one run, which share what they find out. */
  readonly steps: () => readonly MonitorStep[];
}

/** What did not work, in words for whoever has to mend it. */
export class ProbeFailure extends Error {
  override readonly name = "ProbeFailure";
}

/** Throws where something is not so. */
export function expectThat(holds: boolean, otherwise: string): asserts holds {
  if (!holds) throw new ProbeFailure(otherwise);
}

/** How one step went: well, unless it is the one that failed, or was not tried for a reason. */
export interface StepResult {
  readonly name: string;
  /** Milliseconds. */
  readonly duration: number;
  readonly skipped?: string;
}

/** How one run went. */
export interface MonitorRun {
  /** Epoch milliseconds at which it began. */
  readonly at: number;
  /** Milliseconds. */
  readonly duration: number;
  /** Those that were come to, and the milliseconds each took. */
  readonly steps: readonly StepResult[];
  /** The step that failed, and why; absent where all went well. */
  readonly failed?: { readonly step: string; readonly reason: string };
}

const NAME = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;

/**
 * Types a monitor and checks its names.
 * @throws {TypeError} for names that metrics and commands cannot have.
 */
export function defineMonitor(monitor: Monitor): Monitor {
  if (!NAME.test(monitor.name)) throw new TypeError(`"${monitor.name}" is no name for a monitor; use a-z, 0-9 and -.`);
  return monitor;
}
