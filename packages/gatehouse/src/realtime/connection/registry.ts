import { INVITATION_GRANT, type Principal } from "../../kernel/attempt.ts";
import type { Connection, ConnectionOwner } from "./connection.ts";
import { isInvited } from "./standing.ts";

/** Which connections are meant: those that are all of what is said. */
export interface ConnectionFilter {
  readonly client?: string;
  readonly tenant?: string;
  readonly principal?: Pick<Principal, "type" | "id" | "tenant">;
  /** Fingerprint of the session or token: `Principal.session`. */
  readonly session?: string;
  /** Those of guests who came in by an invitation. */
  readonly invited?: true;
  /** Identifiers, of which one is that of the principal, of whom it acts for, or of the join token it came in by. */
  readonly concerning?: ReadonlySet<string>;
  /** One of the channels it hears. */
  readonly channel?: string;
}

/** Where a connection is found besides by its name. */
interface Place {
  readonly principal: string;
  readonly session: string | undefined;
}

/** The connections there are, and how they are found. */
export class Registry implements ConnectionOwner {
  readonly #byClient = new Map<string, Connection>();
  readonly #bySession = new Map<string, Connection>();
  readonly #places = new Map<Connection, Place>();
  readonly #ofPrincipal = new Map<string, Set<Connection>>();
  readonly #ofSession = new Map<string, Set<Connection>>();
  #emptied = Promise.withResolvers<void>();

  /** All of them. */
  get all(): Iterable<Connection> {
    return this.#byClient.values();
  }

  add(connection: Connection): void {
    if (this.#byClient.size === 0) this.#emptied = Promise.withResolvers();
    this.#byClient.set(connection.client, connection);
    this.#bySession.set(connection.session, connection);
  }

  /** The connection of a session of its own, which is a secret. */
  bySession(session: string): Connection | undefined {
    return this.#bySession.get(session);
  }

  /** Resolves once there are none. */
  emptied(): Promise<void> {
    return this.#byClient.size === 0 ? Promise.resolve() : this.#emptied.promise;
  }

  identified(connection: Connection): void {
    const { principal, state } = connection;
    this.#displace(connection);
    if (principal === undefined || state === "closed") return;
    const place = { principal: nameOf(principal), session: principal.session };
    this.#places.set(connection, place);
    add(this.#ofPrincipal, place.principal, connection);
    if (place.session !== undefined) add(this.#ofSession, place.session, connection);
  }

  gone(connection: Connection): void {
    this.#displace(connection);
    this.#byClient.delete(connection.client);
    this.#bySession.delete(connection.session);
    if (this.#byClient.size === 0) this.#emptied.resolve();
  }

  /**
   * Those that are meant.
   * @throws {TypeError} where nothing is said: everybody is never meant by mistake.
   */
  select(filter: ConnectionFilter): readonly Connection[] {
    const { client, tenant, principal, session, invited, concerning, channel } = filter;
    if ([client, tenant, principal, session, invited, concerning, channel].every((said) => said === undefined))
      throw new TypeError("Say which connections are meant.");
    return [...this.#candidates(filter)].filter(
      (connection) =>
        (client === undefined || connection.client === client) &&
        (tenant === undefined || connection.admitted.tenant === tenant) &&
        (principal === undefined || this.#places.get(connection)?.principal === nameOf(principal)) &&
        (session === undefined || connection.principal?.session === session) &&
        (invited === undefined || isInvited(connection.principal)) &&
        (concerning === undefined || concerns(concerning, connection.principal)) &&
        (channel === undefined || connection.channels.has(channel)),
    );
  }

  #candidates({ client, principal, session }: ConnectionFilter): Iterable<Connection> {
    if (client !== undefined) {
      const one = this.#byClient.get(client);
      return one === undefined ? [] : [one];
    }
    if (session !== undefined) return this.#ofSession.get(session) ?? [];
    if (principal !== undefined) return this.#ofPrincipal.get(nameOf(principal)) ?? [];
    return this.all;
  }

  #displace(connection: Connection): void {
    const place = this.#places.get(connection);
    if (place === undefined) return;
    this.#places.delete(connection);
    remove(this.#ofPrincipal, place.principal, connection);
    if (place.session !== undefined) remove(this.#ofSession, place.session, connection);
  }
}

function concerns(identifiers: ReadonlySet<string>, principal: Principal | undefined): boolean {
  if (principal === undefined) return false;
  const { id, onBehalfOf = id, grants } = principal;
  if (identifiers.has(id) || identifiers.has(onBehalfOf)) return true;
  for (const grant of grants)
    if (grant.startsWith(INVITATION_GRANT) && identifiers.has(grant.slice(INVITATION_GRANT.length))) return true;
  return false;
}

function nameOf({ type, id, tenant }: Pick<Principal, "type" | "id" | "tenant">): string {
  return JSON.stringify([tenant, type, id]);
}

function add(index: Map<string, Set<Connection>>, name: string, connection: Connection): void {
  const found = index.get(name);
  if (found === undefined) index.set(name, new Set([connection]));
  else found.add(connection);
}

function remove(index: Map<string, Set<Connection>>, name: string, connection: Connection): void {
  const found = index.get(name);
  found?.delete(connection);
  if (found?.size === 0) index.delete(name);
}
