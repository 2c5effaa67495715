import type { AnyOrderType } from "./order-type.ts";

/** The types of orders of an application. */
export interface OrderTypes {
  find(type: string): AnyOrderType | undefined;
  all(): readonly AnyOrderType[];
}

/**
 * A registry of types.
 * @throws {TypeError} where a name is given twice, within the types or among the resources and effects of one.
 */
export function createOrderTypes(types: readonly AnyOrderType[]): OrderTypes {
  const byName = new Map(types.map((type) => [type.type, type]));
  refuseTwice(
    "type of orders",
    types.map(({ type }) => type),
  );
  for (const { type, resources, effects } of types) {
    const names = [...resources, ...effects].map((used) => used.type);
    refuseTwice(`resource or effect of ${type}`, names);
  }
  return { find: (type) => byName.get(type), all: () => types };
}

function refuseTwice(what: string, names: readonly string[]): void {
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new TypeError(`There are two of the ${what} named "${twice}".`);
}
