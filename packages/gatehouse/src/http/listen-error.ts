/** The server could not take its address. `hint` says what to do about it. */
export class ListenError extends Error {
  override readonly name = "ListenError";
  /** The system's code: `EADDRINUSE`, `EACCES`, `EADDRNOTAVAIL`, ... */
  readonly code: string;
  readonly hint: string;

  constructor(place: { readonly host: string; readonly port: number }, code: string) {
    const { what, hint } = explain(place, code);
    super(`${what} ${hint}`);
    this.code = code;
    this.hint = hint;
  }
}

function explain({ host, port }: { host: string; port: number }, code: string): { what: string; hint: string } {
  switch (code) {
    case "EADDRINUSE":
      return {
        what: `Port ${port} on ${host} is used by another program.`,
        hint: `Stop that program, or choose another port: server.port, or GATEHOUSE_SERVER_PORT=${port + 1}.`,
      };
    case "EACCES":
      return {
        what: `Port ${port} may not be used by this account.`,
        hint: "Choose a port above 1023 and put a proxy in front.",
      };
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return {
        what: `${host} is not an address of this machine.`,
        hint: "Use 127.0.0.1, or 0.0.0.0 for all addresses.",
      };
    default:
      return { what: `The server cannot listen on ${host}:${port} (${code}).`, hint: "Check the host and port." };
  }
}
