/** A message to one person. */
export interface Mail {
  /** An address alone, without a name. */
  readonly to: string;
  readonly subject: string;
  /** Plain text. */
  readonly text: string;
}

/** Hands messages over to whoever delivers them. */
export interface Mailer {
  /** Resolves once the message has been taken over. */
  send(mail: Mail): Promise<void>;
}
