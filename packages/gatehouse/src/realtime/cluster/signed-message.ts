import { base64url, constantTimeEqual, fromBase64url } from "../../kernel/codec.ts";
import type { KeyRing } from "../../kernel/key-ring.ts";

/** One message between nodes, or a part of one. */
export interface SignedMessage {
  /** The node it is from. */
  readonly from: string;
  /** Grows with each message of a node, over all topics. */
  readonly number: number;
  /** Epoch milliseconds on the database's clock. */
  readonly at: number;
  /** Which part this is, from 0, and how many there are. */
  readonly index: number;
  readonly count: number;
  readonly payload: string;
}

const PURPOSE = "realtime.cluster";
const FORM =
  /^([0-9a-f]{8})\.([A-Za-z0-9_-]{43})\.(([A-Za-z0-9-]{1,64})\.(\d{1,15})\.(\d{1,15})\.(\d{1,3})\.(\d{1,3})\.)/;

/** The message as it travels. Its MAC covers the topic, so that it cannot be moved to another one. */
export function signMessage(keyRing: KeyRing, topic: string, message: SignedMessage): string {
  const { from, number, at, index, count, payload } = message;
  const text = `${from}.${number}.${at}.${index}.${count}.${payload}`;
  const { id, mac } = keyRing.current(PURPOSE);
  return `${id}.${base64url(mac(topic, text))}.${text}`;
}

/** A message that a node with our keys has signed for this topic, or why it is none. */
export function readMessage(keyRing: KeyRing, topic: string, text: string): SignedMessage | "malformed" | "forged" {
  const match = FORM.exec(text);
  if (match === null) return "malformed";
  const [whole, id = "", mac = "", head = "", from = "", ...numbers] = match;
  const given = fromBase64url(mac);
  const key = keyRing.find(PURPOSE, id);
  if (given === undefined || key === undefined) return "forged";
  const payload = text.slice(whole.length);
  if (!constantTimeEqual(key.mac(topic, head + payload), given)) return "forged";
  const [number = 0, at = 0, index = 0, count = 0] = numbers.map(Number);
  return { from, number, at, index, count, payload };
}
