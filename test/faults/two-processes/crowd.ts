import type { Answer, Client } from "../../support/client.ts";
import type { ServerProcess } from "../../support/server-process.ts";
import type { Pair } from "./pair.ts";

/** How many there are: one more than the limit of an action, by default 60 in a minute. */
const CROWD = 61;
/** What the crowd is answered when a limit is exact. */
export const SIXTY = { "200": 60, "429 RATE_LIMIT_EXCEEDED": 1 };
/** So often does each of the crowd act: together four attempts more than strangers of one address may ask for more entries. */
const TURNS = 4;
/** What the acting crowd is answered when the limit is exact. */
export const TWO_HUNDRED_FORTY = { "200": 240, "429 RATE_LIMIT_EXCEEDED": 4 };

/** Many visitors, each with a session of their own. */
export class Crowd {
  readonly #clients: readonly Client[];

  private constructor(clients: readonly Client[]) {
    this.#clients = clients;
  }

  static async gather(pair: Pair): Promise<Crowd> {
    const visiting = Array.from({ length: CROWD }, (_, index) => pair.visit(pair.servers[index % 2]!));
    return new Crowd(await Promise.all(visiting));
  }

  /** One attempt of everybody, all at once and from one address, each at a server of the choice. */
  look(address: string, choose: () => ServerProcess): Promise<Answer[]> {
    const headers = { "x-forwarded-for": address };
    return Promise.all(
      this.#clients.map((client) => {
        client.url = choose().url;
        return client.get("/drill/look", { headers });
      }),
    );
  }

  /** Four actions of everybody on a live component, from one address, a few at a time: each changes the store. */
  async act(address: string, choose: () => ServerProcess): Promise<Answer[]> {
    const headers = { "x-forwarded-for": address };
    const answers: Answer[] = [];
    const turns = Array.from({ length: TURNS }, () => this.#clients).flat();
    for (let start = 0; start < turns.length; start += 8) {
      const acting = turns.slice(start, start + 8).map((client) => {
        client.url = choose().url;
        return client.act("guestbook", "more", {}, { headers });
      });
      answers.push(...(await Promise.all(acting)));
    }
    return answers;
  }
}

/** How many answers there were of each kind. */
export function tally(answers: readonly Answer[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { status, json } of answers) {
    const kind = status === 200 ? "200" : `${status} ${json?.code}`;
    counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return counts;
}
