/** Public address of the guarded server, as its proxy would pass it on. */
export const ORIGIN = "https://rooms.example";
