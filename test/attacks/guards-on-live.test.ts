// A live component's actions are reached over one address by names that callers choose. Whatever guards an action has
// to guard it there, too: every attack of the guard suite is sent to the endpoint of live components.
import { z } from "zod";
import { html } from "gatehouse/html";
import { listen } from "gatehouse/http";
import { isDenial, type AnyAction } from "gatehouse/kernel";
import { live, type AnyLiveComponent } from "gatehouse/live";
import { describeGuardsOn } from "gatehouse/testing";
import { openGuarded } from "../support/guarded-server.ts";
import { socketWire } from "../support/wire.ts";
import { WireHarness, type Protocol } from "../support/wire-harness.ts";

const COMPONENT = "suite";

/** A component with an action for each action of the suite: the same rule, limit and lifetime, the same effect. */
function componentOf(actions: readonly AnyAction[]): AnyLiveComponent {
  return live(COMPONENT, {
    state: z.looseObject({}),
    mount: () => ({}),
    actions: (action) =>
      Object.fromEntries(
        actions.map((original) => [
          original.name.slice(COMPONENT.length + 1),
          action({ ...optionsOf(original), input: original.input, commutes: true }, async (context, input) => {
            // Actions of the suite prepare nothing.
            const prepared = undefined as never;
            const value: unknown = await original.run({ ...context, input, store: undefined, prepared });
            return isDenial(value) ? value : z.looseObject({}).parse(value);
          }),
        ]),
      ),
    render: () => html`<p>Suite</p>`,
  });
}

function optionsOf({ authorise, limits, idempotency }: AnyAction) {
  const [limit] = limits ?? [];
  const { ttl = 3600, required = false } = idempotency === false ? {} : idempotency;
  return {
    authorise,
    idempotencyTTL: ttl,
    idempotencyRequired: required,
    ...(limit === undefined
      ? {}
      : {
          rateLimit: limit.rule.limit,
          limitBy: limit.by,
          rateLimitCounts: limit.refund === "success" ? ("failures" as const) : ("attempts" as const),
          ...(limit.anonymousLimit === undefined ? {} : { anonymousLimit: limit.anonymousLimit }),
        }),
  };
}

const Answer = z.object({
  state: z.unknown(),
  csrf_token: z.string(),
  idempotency: z.object({ cached: z.boolean(), ttl: z.number(), created_at: z.string() }).optional(),
});

const LIVE_PROTOCOL: Protocol = {
  browser: true,
  encode({ action, input, key }, { headers, bodyToken }) {
    const body = {
      component_id: `${COMPONENT}:main`,
      action: action.slice(COMPONENT.length + 1),
      params: input,
      ...(key === undefined ? {} : { idempotency_key: key }),
      ...(bodyToken === undefined ? {} : { _csrf_token: bodyToken }),
    };
    return {
      method: "POST",
      path: "/api/livecomponents/action",
      headers: { ...headers, "content-type": "application/json" },
      body: JSON.stringify(body),
    };
  },
  decode(document) {
    const { state, csrf_token: token, idempotency: info } = Answer.parse(document);
    const idempotency = info === undefined ? undefined : { ttl: info.ttl, createdAt: info.created_at };
    return { value: state, token, cached: info?.cached, idempotency };
  },
};

describeGuardsOn("live components", {
  entrance: "live",
  provenance: "browser",
  wire: "http",
  tellsLifetime: true,
  unknownAction: "ACTION_NOT_FOUND",
  otherTenant: "AUTHENTICATION_REQUIRED",
  target: `${COMPONENT}:main`,
  async open({ here, elsewhere }) {
    const server = await openGuarded(() => ({ components: [componentOf(here)], actions: [elsewhere] }));
    const listening = await listen({ handler: server.gatehouse.handler, port: 0 });
    const wire = socketWire(listening.port, () => listening.close({ grace: 100 }));
    return new WireHarness(server, wire, LIVE_PROTOCOL);
  },
});
