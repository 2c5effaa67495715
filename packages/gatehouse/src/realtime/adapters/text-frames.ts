const TEXT = 0x81;
const LENGTH_IN_TWO_BYTES = 126;
const LENGTH_IN_EIGHT_BYTES = 127;

/**
 * Messages as frames of text (RFC 6455 section 5.2). What many are sent one after the other is framed once, and one piece
 * of memory is handed to the network for each.
 */
export class TextFrames {
  #message: Uint8Array | undefined;
  #frame: Uint8Array = new Uint8Array();

  /** The frame of a message, which may be that of others. */
  of(message: Uint8Array): Uint8Array {
    if (message !== this.#message) {
      this.#message = message;
      this.#frame = textFrame(message);
    }
    return this.#frame;
  }
}

function textFrame(message: Uint8Array): Uint8Array {
  const { byteLength } = message;
  const start = byteLength < LENGTH_IN_TWO_BYTES ? 2 : byteLength < 2 ** 16 ? 4 : 10;
  const frame = new Uint8Array(start + byteLength);
  const view = new DataView(frame.buffer);
  view.setUint8(0, TEXT);
  if (start === 2) view.setUint8(1, byteLength);
  else if (start === 4) {
    view.setUint8(1, LENGTH_IN_TWO_BYTES);
    view.setUint16(2, byteLength);
  } else {
    view.setUint8(1, LENGTH_IN_EIGHT_BYTES);
    view.setBigUint64(2, BigInt(byteLength));
  }
  frame.set(message, start);
  return frame;
}
