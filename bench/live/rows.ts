/** A row of the table that every server shows. */
export interface Row {
  readonly id: number;
  readonly name: string;
  readonly city: string;
  readonly votes: number;
}

const NAMES = ["Ada Lovelace", "Grace Hopper", "Edsger Dijkstra", "Barbara Liskov", "Tony Hoare"];
const CITIES = ["London", "New York", "Rotterdam", "Los Angeles", "Colombo", "Vienna", "Lisbon"];

/** The rows that every visitor begins with. */
export const ROWS: readonly Row[] = Array.from({ length: 50 }, (_, id) => ({
  id,
  name: `${NAMES[id % NAMES.length] ?? ""} ${id}`,
  city: CITIES[id % CITIES.length] ?? "",
  votes: id,
}));

/** The rows after a vote for one of them. */
export function vote(rows: readonly Row[], id: number): Row[] {
  return rows.map((row) => (row.id === id ? { ...row, votes: row.votes + 1 } : row));
}
