/**
 * Takes the network from a child process that decodes pictures. Where Node's permissions know the network they refuse it
 * anyhow; before that, what speaks to it is not there to be loaded.
 */
import { registerHooks } from "node:module";

const NETWORK = /^(?:node:)?(?:_?http|_?tls|net|dgram|dns|inspector|quic)/;

registerHooks({
  resolve(specifier, context, next) {
    if (NETWORK.test(specifier)) throw new Error(`${specifier} is not for this process.`);
    return next(specifier, context);
  },
});
for (const name of ["fetch", "WebSocket", "EventSource"]) Reflect.deleteProperty(globalThis, name);
Reflect.deleteProperty(process, "getBuiltinModule");
