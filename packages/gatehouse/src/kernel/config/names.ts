/** The environment variable of an option: `server.publicUrl` is `GATEHOUSE_SERVER_PUBLIC_URL`. */
export function environmentName(path: string): string {
  return ENVIRONMENT_PREFIX + path.replaceAll(".", "_").replaceAll(/[A-Z]/g, "_$&").toUpperCase();
}

/** What the variables of all options begin with. */
export const ENVIRONMENT_PREFIX = "GATEHOUSE_";

const SHORTEST_BEGINNING = 4;

/** The name that was probably meant: the closest one, when it is close at all, or one that begins like that. */
export function closest(name: string, candidates: Iterable<string>): string | undefined {
  const names = [...candidates];
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(name.length / 3)) + 1;
  for (const candidate of names) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  if (best !== undefined || name.length < SHORTEST_BEGINNING) return best;
  return names.find((candidate) => candidate.toLowerCase().startsWith(name.toLowerCase()));
}

/** Insertions, deletions and replacements between two texts (Levenshtein). */
function editDistance(left: string, right: string): number {
  let previous = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let row = 1; row <= left.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= right.length; column += 1) {
      const replaced = (previous[column - 1] ?? 0) + (left[row - 1] === right[column - 1] ? 0 : 1);
      current.push(Math.min(replaced, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[right.length] ?? 0;
}
