/** Publish-subscribe between the servers of one installation. Messages may be lost; what must not be is in the store. */
export interface Bus extends AsyncDisposable {
  /** Delivers to the subscribers of a topic on every server, this one included. Text of at most 64 KiB. */
  publish(topic: string, message: string): Promise<void>;
  /** Resolves once the subscription is in force. Disposing the result ends it. */
  subscribe(topic: string, receive: (message: string) => void): Promise<AsyncDisposable>;
}
