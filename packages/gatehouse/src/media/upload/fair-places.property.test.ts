import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { yielding, type ContentHolder, type HeldPlace } from "./fair-places.ts";

const ROOM = 24;

const holder = fc.record({
  tenant: fc.constantFrom("a", "b", "c"),
  grant: fc.constantFrom("g", "h"),
  owner: fc.constantFrom("1", "2", "3", "4"),
});

interface Place extends HeldPlace {
  readonly at: number;
}

/** Lets holders ask for places, one after the other, none of which is ever given back but by yielding. */
function ask(
  holders: readonly ContentHolder[],
  age = 0,
): { readonly places: readonly Place[]; readonly moves: number } {
  let places: readonly Place[] = [];
  let moves = 0;
  for (const [at, wanted] of holders.entries()) {
    const gone = places.length < ROOM ? undefined : yielding(places, wanted);
    if (places.length >= ROOM && gone === undefined) continue;
    if (gone !== undefined) moves += 1;
    places = [...places.filter((place) => place !== gone), { holder: wanted, age, bytes: at, at }];
  }
  return { places, moves };
}

const countOf = (places: readonly HeldPlace[], tenant: string): number =>
  places.filter((place) => place.holder.tenant === tenant).length;

describe("places of which there are not enough", () => {
  it("are divided so that nobody who keeps asking has less than a share, whoever else does", () => {
    fc.assert(
      fc.property(fc.array(holder, { minLength: ROOM, maxLength: 120 }), holder, (others, patient) => {
        const insistent = Array.from({ length: ROOM }, () => patient);
        const { places } = ask([...others, ...insistent]);
        const tenants = new Set([...others, patient].map(({ tenant }) => tenant)).size;
        assert.ok(countOf(places, patient.tenant) >= Math.floor(ROOM / tenants));
      }),
    );
  });

  it("go to a newcomer at once, where anybody holds two more", () => {
    fc.assert(
      fc.property(fc.array(holder, { minLength: ROOM, maxLength: 60 }), (others) => {
        const { places } = ask(others);
        const newcomer = { tenant: "new", grant: "g", owner: "1" };
        const gone = yielding(places, newcomer);
        assert.ok(gone !== undefined);
        const most = Math.max(...["a", "b", "c"].map((tenant) => countOf(places, tenant)));
        assert.equal(countOf(places, gone.holder.tenant), most);
      }),
    );
  });

  it("come to rest: whoever yielded and asks again does not get back what was taken", () => {
    fc.assert(
      fc.property(fc.array(holder, { minLength: ROOM, maxLength: 60 }), holder, (others, wanted) => {
        const { places } = ask(others);
        const gone = yielding(places, wanted);
        if (gone === undefined) return;
        const now = [...places.filter((place) => place !== gone), { holder: wanted, age: 0, bytes: 0, at: 0 }];
        const next = yielding(now, gone.holder);
        assert.ok(next === undefined || next.at !== 0, "the newcomer stays");
      }),
    );
  });

  it("are left to equals for a while, and then the slowest goes", () => {
    const places = Array.from({ length: 4 }, (_, at) => ({
      ...{ holder: { tenant: "a", grant: "g", owner: String(at) }, bytes: at === 2 ? 10 : 1000, at },
      age: 19_000,
    }));
    const newcomer = { tenant: "a", grant: "g", owner: "new" };
    assert.equal(yielding(places, newcomer), undefined);
    const older = places.map((place) => ({ ...place, age: 21_000 }));
    assert.equal(yielding(older, newcomer)?.at, 2);
  });
});
