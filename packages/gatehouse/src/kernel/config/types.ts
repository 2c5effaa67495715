import type { Option } from "./option.ts";
import type { table } from "./table.ts";

type Table = typeof table;

/** Path of an option, such as `server.port`. */
export type OptionPath = keyof Table;

type InputOf<Path> = Path extends OptionPath ? (Table[Path] extends Option<infer Input> ? Input : never) : never;
type ValueOf<Path> = Path extends OptionPath
  ? Table[Path] extends Option<infer _Input, infer Value>
    ? Value
    : never
  : never;

/** The names that can follow a prefix: after `server.`, `host`, `tls` and so on. */
type Next<Prefix extends string, Path = OptionPath> = Path extends `${Prefix}${infer Rest}`
  ? Rest extends `${infer Name}.${string}`
    ? Name
    : Rest
  : never;

type ValueNode<Prefix extends string> = {
  readonly [Name in Next<Prefix>]: `${Prefix}${Name}` extends OptionPath
    ? ValueOf<`${Prefix}${Name}`>
    : ValueNode<`${Prefix}${Name}.`>;
};

type InputNode<Prefix extends string> = {
  readonly [Name in Next<Prefix>]?:
    | (`${Prefix}${Name}` extends OptionPath ? InputOf<`${Prefix}${Name}`> : InputNode<`${Prefix}${Name}.`>)
    | undefined;
};

/** The complete configuration: every option has its value. Times are in milliseconds, sizes in bytes. */
export type Config = ValueNode<"">;

/** What a configuration file may say: any options, nested by the dots of their paths. */
export type ConfigInput = InputNode<"">;
