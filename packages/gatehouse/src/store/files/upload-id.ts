const ID = /^[0-9a-f]{32}$/;

/**
 * Refuses what is not an identifier of our own making: it becomes part of a path.
 * @throws {TypeError}
 */
export function checkUploadId(id: string): void {
  if (!ID.test(id)) throw new TypeError("An upload's identifier is 32 hexadecimal digits.");
}

/** Whether a text is an identifier of an upload. */
export function isUploadId(text: string): boolean {
  return ID.test(text);
}
