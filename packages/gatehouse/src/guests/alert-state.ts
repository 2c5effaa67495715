/** An alert that is on, or was not long ago. */
export interface AlertState {
  readonly open: boolean;
  /** Looks in a row that found nothing wrong, while it is open. */
  readonly calm: number;
  /** The last period that was looked at: nothing is counted twice. */
  readonly at: number;
}

/** What one look found. */
export interface AlertLook {
  readonly at: number;
  readonly found: "alert" | "calm" | "between";
}

/** The state afterwards, and what is to be told. */
export interface AlertStep {
  readonly state: AlertState;
  readonly tell: "begin" | "end" | undefined;
}

/** Calm looks in a row after which an alert is over. */
const CALM_LOOKS = 3;

/**
 * Takes one look into account. An alert is told once when it begins and once when it is over, which it is after three
 * calm looks in a row. Several servers and repeated looks at one period change nothing.
 */
export function nextAlert(state: AlertState | undefined, { at, found }: AlertLook): AlertStep {
  if (state !== undefined && at <= state.at) return { state, tell: undefined };
  if (state?.open !== true) {
    const open = found === "alert";
    return { state: { open, calm: 0, at }, tell: open ? "begin" : undefined };
  }
  const calm = found === "calm" ? state.calm + 1 : 0;
  if (calm < CALM_LOOKS) return { state: { open: true, calm, at }, tell: undefined };
  return { state: { open: false, calm: 0, at }, tell: "end" };
}
