/** Puts private fields on an object that somebody else made: what this returns is what its subclass initialises. */
class Foreign {
  constructor(object: object) {
    return object;
  }
}

/**
 * Keeps something beside objects of other makers for as long as each of them lives, unseen by copies of it.
 *
 * A `WeakMap` does the same, but the collector of young objects takes all values of a long-lived one for alive: what is
 * kept beside a request, and everything that hangs on it, would outlive the request until a full collection. A field
 * dies with its object.
 */
export class Attachment<Key extends object, Value> {
  readonly #field = createField<Value>();

  /** What is kept beside an object, or `undefined`. */
  get(key: Key): Value | undefined {
    return this.#field.get(key);
  }

  /** Keeps a value beside an object, instead of the one before; `undefined` keeps nothing. */
  set(key: Key, value: Value | undefined): void {
    this.#field.set(key, value);
  }
}

interface Field<Value> {
  get(object: object): Value | undefined;
  set(object: object, value: Value | undefined): void;
}

/** A private field of its own: each evaluation of a class has one. */
function createField<Value>(): Field<Value> {
  class Attached extends Foreign {
    #value: Value | undefined;

    static get(object: object): Value | undefined {
      return #value in object ? object.#value : undefined;
    }

    static set(object: object, value: Value | undefined): void {
      if (!(#value in object)) new Attached(object);
      // The line above has put the field there.
      (object as Attached).#value = value;
    }
  }
  return Attached;
}
