import type { WriteTransaction } from "./store.ts";

/** What operators can do at once when the system is attacked. Each ends by itself. */
export const EMERGENCY_MEASURES = [
  "registrations-closed",
  "second-factor",
  "tight-limits",
  "uploads-paused",
  "short-addresses",
] as const;

/** One of the measures. */
export type EmergencyMeasure = (typeof EMERGENCY_MEASURES)[number];

/** What each measure does, for people. */
export const EMERGENCY_EFFECTS: Readonly<Record<EmergencyMeasure, string>> = {
  "registrations-closed": "Nobody registers clients.",
  "second-factor": "New sign-ins need a second factor.",
  "tight-limits": "Every limit admits a quarter.",
  "uploads-paused": "Nobody uploads to collections; what has arrived is kept, and is gone on with afterwards.",
  "short-addresses": "Addresses of photos and videos end within minutes; longer ones have ended.",
};

/** A measure in force. */
export interface Emergency {
  readonly measure: EmergencyMeasure;
  readonly reason: string;
  /** Epoch milliseconds. */
  readonly since: number;
  readonly expiresAt: number;
}

/** A measure that begins now, or goes on. */
export interface NewEmergency extends Pick<Emergency, "measure" | "reason"> {
  /** Milliseconds it lasts. */
  readonly duration: number;
}

/** Asks whether a measure is in force. What has to know needs no more than this. */
export interface EmergencyMode {
  /** From memory: nothing waits for it. */
  isOn(measure: EmergencyMeasure): boolean;
}

/** The measures in force. Durable; kept in memory for look-ups without I/O, refreshed from other servers. */
export interface EmergencySwitches extends EmergencyMode, AsyncDisposable {
  list(): readonly Emergency[];
  set(transaction: WriteTransaction, emergency: NewEmergency): Promise<Emergency>;
  /** `false` where it was not in force. */
  lift(transaction: WriteTransaction, measure: EmergencyMeasure): Promise<boolean>;
}
