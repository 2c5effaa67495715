import type { EmergencyMeasure } from "../kernel/ports/emergency.ts";

/** One thing to do, in its order. */
export interface PlaybookStep {
  /** What to do and why, in a sentence or two. */
  readonly text: string;
  /** A measure that the console sets by a button beside the step. It ends by itself. */
  readonly measure?: EmergencyMeasure;
  /** The page of the console where it is done. */
  readonly page?: string;
  /** The command that does the same. */
  readonly command?: string;
}

/** What is done about one kind of incident: data, for the console, the runbook and whoever is on duty. */
export interface Playbook {
  /** A word for addresses: `a-z 0-9 -`. */
  readonly id: string;
  readonly title: string;
  /** How one knows that it is the case. */
  readonly when: string;
  /** Names of the events that point to it. */
  readonly signals: readonly string[];
  /** Who sees to it: a role, no name. */
  readonly owner: string;
  /** Minutes until somebody has to have looked. */
  readonly acknowledgeWithin: number;
  /** Minutes until it has to be over or handed on. */
  readonly resolveWithin: number;
  /** The page below `docs/runbooks` that says more, by its name. */
  readonly runbook?: string;
  readonly steps: readonly PlaybookStep[];
}

const ID = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;

/**
 * Types a playbook and checks it.
 * @throws {TypeError} for an identifier that addresses cannot have, or a playbook without signals or steps.
 */
export function definePlaybook(playbook: Playbook): Playbook {
  const { id, signals, steps } = playbook;
  if (!ID.test(id)) throw new TypeError(`"${id}" is no identifier for a playbook; use a-z, 0-9 and -.`);
  if (signals.length === 0 || steps.length === 0) throw new TypeError(`The playbook ${id} needs signals and steps.`);
  return playbook;
}
