import type { WorkApplication, WorkPlan, WorkPlans, WorkReview } from "../../../kernel/ports/work-plans.ts";
import type { WorkActor, WorkOrderKey } from "../../../kernel/ports/work-orders.ts";
import { portableStatement } from "../statement.ts";

interface PlanRow {
  readonly order_id: string;
  readonly tenant: string;
  readonly revision: number;
  readonly changes: string;
  readonly readings: string;
  readonly digest: string;
  readonly created_at: number;
  readonly expires_at: number;
  readonly voided_because: string | null;
}

interface ReviewRow {
  readonly id: string;
  readonly revision: number;
  readonly digest: string;
  readonly decision: WorkReview["decision"];
  readonly reviewer_type: WorkActor["type"];
  readonly reviewer_id: string;
  readonly reviewer_for: string | null;
  readonly authentication: string;
  readonly notes: string;
  readonly voided: number;
  readonly at: number;
}

interface ApplicationRow {
  readonly revision: number;
  readonly attempt: number;
  readonly state: WorkApplication["state"];
  readonly actor_type: WorkActor["type"];
  readonly actor_id: string;
  readonly actor_for: string | null;
  readonly changes: string;
  readonly detail: string;
  readonly at: number;
}

const PLAN = "order_id, tenant, revision, changes, readings, digest, created_at, expires_at, voided_because";
const REVIEW =
  "id, revision, digest, decision, reviewer_type, reviewer_id, reviewer_for, authentication, notes, voided, at";
const APPLICATION = "revision, attempt, state, actor_type, actor_id, actor_for, changes, detail, at";

const ADD = portableStatement(`INSERT INTO work_plans (${PLAN}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, NULL)`);
const NEWEST = portableStatement(
  `SELECT ${PLAN} FROM work_plans WHERE order_id = $1 AND tenant = $2 ORDER BY revision DESC LIMIT 1`,
);
const FIND = portableStatement(`SELECT ${PLAN} FROM work_plans WHERE order_id = $1 AND tenant = $2 AND revision = $3`);
const VOID_PLANS = portableStatement(
  "UPDATE work_plans SET voided_because = $3 WHERE order_id = $1 AND tenant = $2 AND voided_because IS NULL",
);
const VOID_REVIEWS = portableStatement(
  "UPDATE work_reviews SET voided = 1 WHERE order_id = $1 AND tenant = $2 AND voided = 0",
);
const ADD_REVIEW = portableStatement(
  `INSERT INTO work_reviews (order_id, tenant, ${REVIEW}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0, $12)`,
);
const REVIEWS = portableStatement(
  `SELECT ${REVIEW} FROM work_reviews WHERE order_id = $1 AND tenant = $2 ORDER BY at, id`,
);
const ADD_APPLICATION = portableStatement(
  `INSERT INTO work_applications (order_id, tenant, ${APPLICATION})
   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
);
const APPLICATIONS = portableStatement(
  `SELECT ${APPLICATION} FROM work_applications WHERE order_id = $1 AND tenant = $2 ORDER BY revision, attempt`,
);

/** Plans in the table `work_plans`, decisions in `work_reviews`, what became of them in `work_applications`. */
export function createWorkPlans(): WorkPlans {
  return {
    async add(transaction, { order, tenant, revision, changes, readings, digest, expiresAt }) {
      const now = await transaction.now();
      await transaction.execute(ADD, [
        ...[order, tenant, revision, changes, JSON.stringify(readings)],
        ...[digest, now, expiresAt],
      ]);
    },
    async find(transaction, key, revision) {
      const [row] = await (revision === undefined
        ? transaction.execute<PlanRow>(NEWEST, columns(key))
        : transaction.execute<PlanRow>(FIND, [...columns(key), revision]));
      return row === undefined ? undefined : planOf(row);
    },
    async void(transaction, key, reason) {
      await transaction.execute(VOID_PLANS, [...columns(key), reason]);
      await transaction.execute(VOID_REVIEWS, columns(key));
    },
    async review(transaction, key, { id, revision, digest, decision, reviewer, authentication, notes }) {
      await transaction.execute(ADD_REVIEW, [
        ...[...columns(key), id, revision, digest, decision],
        ...actorColumns(reviewer),
        ...[authentication, notes, await transaction.now()],
      ]);
    },
    async reviews(transaction, key) {
      return (await transaction.execute<ReviewRow>(REVIEWS, columns(key))).map(reviewOf);
    },
    async applied(transaction, key, { revision, attempt, state, actor, changes, detail }) {
      await transaction.execute(ADD_APPLICATION, [
        ...[...columns(key), revision, attempt, state],
        ...actorColumns(actor),
        ...[changes, detail, await transaction.now()],
      ]);
    },
    async applications(transaction, key) {
      return (await transaction.execute<ApplicationRow>(APPLICATIONS, columns(key))).map(applicationOf);
    },
  };
}

function columns({ tenant, id }: WorkOrderKey): string[] {
  return [id, tenant];
}

function actorColumns({ type, id, onBehalfOf }: WorkActor): (string | null)[] {
  return [type, id, onBehalfOf ?? null];
}

function actorOf(type: WorkActor["type"], id: string, onBehalfOf: string | null): WorkActor {
  return onBehalfOf === null ? { type, id } : { type, id, onBehalfOf };
}

function planOf({ order_id, readings, created_at, expires_at, voided_because, ...row }: PlanRow): WorkPlan {
  return {
    ...row,
    order: order_id,
    // Only `add` writes the column.
    readings: JSON.parse(readings) as WorkPlan["readings"],
    createdAt: created_at,
    expiresAt: expires_at,
    voidedBecause: voided_because ?? undefined,
  };
}

function reviewOf({ reviewer_type, reviewer_id, reviewer_for, voided, ...row }: ReviewRow): WorkReview {
  return { ...row, reviewer: actorOf(reviewer_type, reviewer_id, reviewer_for), voided: voided === 1 };
}

function applicationOf({ actor_type, actor_id, actor_for, ...row }: ApplicationRow): WorkApplication {
  return { ...row, actor: actorOf(actor_type, actor_id, actor_for) };
}
