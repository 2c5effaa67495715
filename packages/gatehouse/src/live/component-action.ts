import { defineAction, type AnyAction, type Authorise, type LimitPolicy } from "../kernel/action.ts";
import { callSchema, type LiveCall } from "./call.ts";
import { formatComponentId } from "./component-id.ts";
import type { AnyLiveAction, AnyLiveComponent } from "./component.ts";
import { Execution } from "./execution.ts";
import type { LiveServices } from "./instance.ts";
import type { UploadFields } from "./upload.ts";

/** Seconds. */
const DEFAULT_WINDOW = 60;

/** The action at the gate of each action of a component: `<component>.<action>`. */
export function componentActions(component: AnyLiveComponent, services: LiveServices): AnyAction[] {
  return Object.entries(component.actions).map(([name, action]) => {
    const { options } = action;
    const { authorise, audit } = options;
    return defineAction({
      name: `${component.name}.${name}`,
      entrances: ["live"],
      input: callSchema(options.input, fieldsOf(component, options.uploads)),
      effects: "store",
      // What is no rule is handed on as it is: the gate refuses it.
      authorise:
        typeof authorise === "function"
          ? Object.assign<Authorise<LiveCall>, Pick<Authorise<LiveCall>, "demand">>(
              ({ input, ...context }) => authorise({ ...context, input: input.params }),
              authorise.demand === undefined ? {} : { demand: authorise.demand },
            )
          : authorise,
      ...(options.anonymous === undefined ? {} : { anonymous: options.anonymous }),
      ...limitsOf(`${component.name}.${name}`, action),
      idempotency: { ttl: options.idempotencyTTL ?? 3600, required: options.idempotencyRequired ?? false },
      audit: {
        ...(audit?.event === undefined ? {} : { event: audit.event }),
        target: ({ instance }) => formatComponentId({ component: component.name, instance }),
        context: (call, result) => audit?.context?.(call.params, result) ?? {},
      },
      run: (context) => new Execution({ component, action, services, context }).run(),
    });
  });
}

/** The upload fields that an action names. */
function fieldsOf(component: AnyLiveComponent, names: readonly string[] = []): UploadFields {
  return Object.fromEntries(Object.entries(component.uploads).filter(([name]) => names.includes(name)));
}

function limitsOf(name: string, { options }: AnyLiveAction): { readonly limits?: readonly LimitPolicy[] } {
  const { rateLimit, rateLimitWindow = DEFAULT_WINDOW, anonymousLimit, limitBy = ["principal", "action"] } = options;
  if (rateLimit === undefined) {
    const others = [options.rateLimitWindow, options.rateLimitCounts, anonymousLimit, options.limitBy];
    if (others.every((option) => option === undefined)) return {};
    throw new TypeError(`The action ${name} has options of a limit but no rateLimit; say how many attempts are meant.`);
  }
  const rule = { kind: "window", limit: rateLimit, window: rateLimitWindow * 1000 } as const;
  const policy = {
    ...{ name: `live.${name}`, by: limitBy, rule },
    ...(anonymousLimit === undefined ? {} : { anonymousLimit }),
    ...(options.rateLimitCounts === "failures" ? ({ refund: "success" } as const) : {}),
  };
  return { limits: [policy] };
}
