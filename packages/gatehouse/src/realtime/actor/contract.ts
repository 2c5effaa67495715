/** What clients may know of an actor type. A type alone: nothing of it exists at run time. */
export interface ActorContract {
  readonly type: string;
  /** Names of the key's parts. */
  readonly key: readonly string[];
  readonly commands: Readonly<Record<string, { readonly input: unknown; readonly output: unknown }>>;
  /** What each event carries. */
  readonly events: Readonly<Record<string, unknown>>;
  readonly channels: string;
  /** What asking for the state shows; `never` where nothing is shown. */
  readonly state: unknown;
}

/** The contract of an actor: `type RoomContract = ContractOf<typeof room>`. For clients to import as a type. */
export type ContractOf<Actor> = Actor extends { readonly contract?: infer Contract } ? NonNullable<Contract> : never;
