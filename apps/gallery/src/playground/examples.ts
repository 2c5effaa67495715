import { chartsExample } from "./charts.ts";
import { chatExample } from "./chat.ts";
import { counterExample } from "./counter.ts";
import { dialogExample } from "./dialog.ts";
import type { Example } from "./example.ts";
import { likeExample } from "./like.ts";
import { paymentExample } from "./payment.ts";
import { searchExample } from "./search.ts";
import { tableExample } from "./table.ts";
import { uploadExample } from "./upload.ts";
import { wizardExample } from "./wizard.ts";

/** The examples of the playground, in the order they are shown in. */
export const examples: readonly Example[] = [
  counterExample,
  searchExample,
  wizardExample,
  paymentExample,
  chatExample,
  tableExample,
  likeExample,
  dialogExample,
  uploadExample,
  chartsExample,
];
