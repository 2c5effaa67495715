// Whatever guards an action has to guard it however a request is made up: every attack of the guard suite is sent over
// a socket to a server that listens, with the action mounted as a classic route.
import { listen } from "gatehouse/http";
import { describeGuardsOn } from "gatehouse/testing";
import { openGuarded } from "../support/guarded-server.ts";
import { socketWire } from "../support/wire.ts";
import { HTTP_PROTOCOL, WireHarness } from "../support/wire-harness.ts";

describeGuardsOn("classic routes", {
  entrance: "http",
  provenance: "browser",
  wire: "http",
  tellsLifetime: false,
  unknownAction: "NOT_FOUND",
  otherTenant: "AUTHENTICATION_REQUIRED",
  async open({ here, elsewhere }) {
    const server = await openGuarded(({ edge }) => ({
      actions: [...here, elsewhere],
      routes: (app) => {
        for (const action of here) app.post(`/${action.name}`, edge.action(action));
        app.post(`/${elsewhere.name}`, (context) => edge.answer(elsewhere, edge.of(context)));
      },
    }));
    const listening = await listen({ handler: server.gatehouse.handler, port: 0 });
    const wire = socketWire(listening.port, () => listening.close({ grace: 100 }));
    return new WireHarness(server, wire, HTTP_PROTOCOL);
  },
});
