/** Something a component tells the other components of the page. Made by calling its type. */
export interface LiveEvent {
  readonly name: string;
  readonly payload: unknown;
}

/** A kind of event, with the type of what it carries. Calling it makes one. */
export interface LiveEventType<Payload> {
  (payload: Payload): LiveEvent;
  /** Words and dots, such as `cart.item_added`. */
  readonly event: string;
}

const NAME = /^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*){0,3}$/;

/**
 * Declares a kind of event between components. What it carries stays on the server: the component that emits it and
 * those that listen run in one transaction, and their new content travels in one response.
 * @throws {TypeError} when the name is malformed
 */
export function liveEvent<Payload>(name: string): LiveEventType<Payload> {
  if (!NAME.test(name) || name.length > 64)
    throw new TypeError(`The event name "${name}" is not of the form ${NAME.source}.`);
  return Object.assign((payload: Payload): LiveEvent => ({ name, payload }), { event: name });
}
