import { inspect } from "node:util";

/**
 * A value of an actor's state that is sealed before the state leaves the handler. It shows itself to nobody: neither logs
 * nor events nor the views of clients can contain it; `reveal` is the only way to it.
 */
export class Secret<Value = unknown> {
  readonly #reveal: () => Value;

  constructor(reveal: () => Value) {
    this.#reveal = reveal;
  }

  /**
   * The value itself.
   * @throws {SealError} when it was sealed under keys that are gone, or has been tampered with.
   */
  reveal(): Value {
    return this.#reveal();
  }

  /** @throws {TypeError} always: a secret has no place in what is sent or stored as it is. */
  toJSON(): never {
    throw new TypeError("A secret cannot be written out. Reveal it where its value is needed.");
  }

  toString(): string {
    return "[secret]";
  }

  [inspect.custom](): string {
    return "[secret]";
  }
}

/** Puts a value into the state that is stored sealed: `state.pin = secret("1234")`. It has to be JSON. */
export function secret<Value>(value: Value): Secret<Value> {
  return new Secret(() => value);
}

/** Whether a value is a secret; for schemas: `z.custom<Secret<string>>(isSecret)`. */
export function isSecret(value: unknown): value is Secret {
  return value instanceof Secret;
}
