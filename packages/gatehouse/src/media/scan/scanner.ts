/** What a scanner found. Only `clean` lets a file become visible; whatever is not understood is one of the others. */
export type ScanVerdict =
  /** Looked at whole, with signatures that are fresh. */
  | { readonly verdict: "clean"; readonly by: ScannerVersion }
  | { readonly verdict: "infected"; readonly signature: string; readonly by: ScannerVersion }
  /** The scanner cannot look at all of it, today or ever: too large, encrypted, over a limit. */
  | { readonly verdict: "unscannable"; readonly reason: string }
  /** There is no answer that counts: the scanner is away, hangs, or its signatures are old. Another time there may be. */
  | { readonly verdict: "unavailable"; readonly reason: string };

/** Which scanner spoke, with which signatures. */
export interface ScannerVersion {
  /** As it calls itself; changes with its signatures. */
  readonly text: string;
  /** When its signatures were made, in epoch milliseconds; `undefined` where it does not say. */
  readonly signaturesAt: number | undefined;
}

/** Whether a scanner could look at a file now. */
export type ScannerStatus =
  | { readonly state: "ready"; readonly version: ScannerVersion }
  | { readonly state: "outdated"; readonly version: ScannerVersion; readonly reason: string }
  | { readonly state: "unavailable"; readonly reason: string };

/** One file on its way through a scanner. Disposing gives it up. */
export interface Scan extends Disposable {
  /** Resolves when there is room for more; never rejects: what goes wrong shows in the verdict. */
  write(chunk: Uint8Array): Promise<void>;
  /** Says that this was all. */
  end(): Promise<ScanVerdict>;
}

/** What looks for malware in files. */
export interface Scanner {
  /** For people: what it is and where. */
  readonly name: string;
  status(): Promise<ScannerStatus>;
  /** Begins to scan a file of so many bytes. */
  begin(bytes: number, signal: AbortSignal): Scan;
}
