/** Whose content it is: a guest under one of the grants of a tenant. */
export interface ContentHolder {
  readonly tenant: string;
  readonly grant: string;
  readonly owner: string;
}

/** A place somebody has: content that is being received. */
export interface HeldPlace {
  readonly holder: ContentHolder;
  /** Milliseconds for which it has been had. */
  readonly age: number;
  /** Bytes that came over it in all that time. */
  readonly bytes: number;
}

/** Milliseconds for which a place is left to somebody who holds no more than whoever wants it. */
const LEFT_ALONE = 20_000;

/**
 * The place that is given up where all are taken and somebody wants one: of the tenant, in it of the grant, and there of
 * the owner who holds most, the slowest. `undefined` where that is whoever wants another. Among equals only those yield
 * who have had their time, so that nobody is sent back and forth.
 */
export function yielding<Place extends HeldPlace>(places: readonly Place[], wanted: ContentHolder): Place | undefined {
  const weigh = weights([...places.map(({ holder }) => holder), wanted]);
  const own = weigh(wanted);
  let chosen: { readonly place: Place; readonly weight: Weight } | undefined;
  for (const place of places) {
    const weight = weigh(place.holder);
    const than = compare(weight, own);
    if (than < 0 || (than === 0 && place.age < LEFT_ALONE)) continue;
    const most = chosen === undefined ? 1 : compare(weight, chosen.weight);
    if (most > 0 || (most === 0 && chosen !== undefined && rate(place) < rate(chosen.place)))
      chosen = { place, weight };
  }
  return chosen?.place;
}

/** How many places a holder's tenant, grant and owner have. */
type Weight = readonly [tenant: number, grant: number, owner: number];

function weights(holders: readonly ContentHolder[]): (holder: ContentHolder) => Weight {
  const counts = new Map<string, number>();
  for (const key of holders.flatMap(keysOf)) counts.set(key, (counts.get(key) ?? 0) + 1);
  return (holder) => {
    const [tenant, grant, owner] = keysOf(holder);
    return [counts.get(tenant) ?? 0, counts.get(grant) ?? 0, counts.get(owner) ?? 0];
  };
}

function keysOf({ tenant, grant, owner }: ContentHolder): readonly [string, string, string] {
  return [JSON.stringify([tenant]), JSON.stringify([tenant, grant]), JSON.stringify([tenant, grant, owner])];
}

function compare(one: Weight, other: Weight): number {
  return one[0] - other[0] || one[1] - other[1] || one[2] - other[2];
}

function rate({ bytes, age }: HeldPlace): number {
  return bytes / Math.max(1, age);
}
