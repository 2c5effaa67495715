/**
 * Most bytes of an event, of a reply, and of what one page of history holds: a client may leave no more than four times as
 * many unread, and is told several things at once.
 */
export const LARGEST_TOLD: number = 256 * 1024;

/** Whether a text has more bytes than that. A character is at most three: most texts need no count. */
export function isLarger(text: string, bytes: number): boolean {
  return text.length * 3 > bytes && Buffer.byteLength(text) > bytes;
}
