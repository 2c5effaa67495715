import { describeBusContract } from "../../testing/bus-contract.ts";
import { createMemoryBus } from "./memory-bus.ts";

describeBusContract("memory", async (report) => {
  const bus = createMemoryBus({ report });
  return { here: bus, there: bus, [Symbol.asyncDispose]: () => bus[Symbol.asyncDispose]() };
});
