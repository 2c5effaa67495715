/** What is remembered of an upload that is not finished. */
interface Remembered {
  readonly url: string;
  readonly name: string;
  /** Epoch milliseconds. */
  readonly until: number;
}

const PREFIX = "gatehouse-upload ";

/** What a file is known by: the same file chosen again, also after the page was loaded anew, goes on where it was. */
export function fingerprintOf(endpoint: string, { name, size, type, lastModified }: File): string {
  return `${PREFIX}${endpoint} ${size} ${lastModified} ${type} ${name}`;
}

/** The address of an upload that was begun for a file. */
export function recall(fingerprint: string): string | undefined {
  const known = read(fingerprint);
  return known !== undefined && known.until > Date.now() ? known.url : undefined;
}

/** Remembers an upload. Where the browser keeps nothing, it is begun anew after the page was left. */
export function remember(fingerprint: string, upload: Remembered): void {
  try {
    localStorage.setItem(fingerprint, JSON.stringify(upload));
  } catch {
    // Private windows and full stores keep nothing.
  }
}

/** Forgets an upload that is over. */
export function forget(fingerprint: string): void {
  try {
    localStorage.removeItem(fingerprint);
  } catch {
    // What was not kept needs not be forgotten.
  }
}

/** Names of files whose uploads to an address are not finished. */
export function unfinished(endpoint: string): readonly string[] {
  try {
    const names: string[] = [];
    for (const key of Object.keys(localStorage)) {
      const known = key.startsWith(`${PREFIX}${endpoint} `) ? read(key) : undefined;
      if (known === undefined) continue;
      if (known.until > Date.now()) names.push(known.name);
      else forget(key);
    }
    return names;
  } catch {
    return [];
  }
}

function read(key: string): Remembered | undefined {
  try {
    // Written by `remember` alone; whatever else is there is none.
    return (JSON.parse(localStorage.getItem(key) ?? "null") as Remembered | null) ?? undefined;
  } catch {
    return undefined;
  }
}
