/**
 * What a developer may do about a refusal, by its problem code. The message beside it is for visitors; this says where
 * in the application to look.
 */
export const ADVICE: Readonly<Record<string, string>> = {
  ACTION_NOT_FOUND: "The component declares no action of this name; the page may be older than the server.",
  SOURCE_BANNED:
    "This address or visitor is banned. Lift the ban in the console, or trust the range in limits.trustedCidrs.",
  AUTHENTICATION_REQUIRED: "The action is not for strangers. Sign in, or allow them with anonymous: true.",
  COMPONENT_NOT_FOUND: "No component of this name is registered; add it to the application's components.",
  CSRF_TOKEN_INVALID: "The token belonged to another session. A new one was fetched and the request repeated.",
  IDEMPOTENCY_IN_PROGRESS: "The same intent is being worked on; the answer is asked for again by itself.",
  IDEMPOTENCY_KEY_REUSED: "One key was used for two different inputs. Make a new key for each intent.",
  INTERNAL_ERROR: "The action or a guard threw an exception; the server's log has it under this request.",
  NETWORK_ERROR: "No answer arrived. The request is sent again under the same key.",
  OUTCOME_UNKNOWN: "Whether it took effect is not known; send it again under the same key.",
  PERMISSION_DENIED: "The action's authorise rule, or the component's visible, said no for this principal.",
  RATE_LIMIT_EXCEEDED: "Look at rateLimit of the action, or at limits in the configuration.",
  SESSION_EXPIRED: "The session has ended. A new one begins, and the request is repeated.",
  STATE_CONFLICT: "Another tab was first. Declare commutes: true where the action is meant whatever the state is.",
  STATE_INVALID: "What the page sealed cannot be opened any more: it is too old, or from other keys.",
  STATE_QUOTA_EXCEEDED: "This session stores too much: see live.components and live.bytes.",
  STORE_UNAVAILABLE: "The store takes no changes; the overview of the console and the log say why.",
  TOPICS_REFUSED: "The tokens of these topics have expired; the components are loaded again.",
  VALIDATION_ERROR: "The action's input schema refused what is marked; nothing has run.",
};
