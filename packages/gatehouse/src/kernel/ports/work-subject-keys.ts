import type { ReadTransaction, WriteTransaction } from "./store.ts";

/** Somebody whose data orders hold. */
export interface WorkSubject {
  readonly tenant: string;
  readonly subject: string;
}

/** The key under which the data of one subject is sealed, itself sealed; `undefined` once it was destroyed. */
export interface WorkSubjectKey {
  readonly sealedKey: string | undefined;
}

/** Keys of subjects. Destroying one erases whatever was sealed with it, wherever it is, backups of the rows included. */
export interface WorkSubjectKeys {
  /** `undefined` where nothing was ever sealed for the subject. */
  find(transaction: ReadTransaction, subject: WorkSubject): Promise<WorkSubjectKey | undefined>;
  /** Keeps a key where there is none yet; the one that is there then. */
  add(transaction: WriteTransaction, subject: WorkSubject, sealedKey: string): Promise<WorkSubjectKey>;
  /** Destroys the key; no other one is ever made for the subject. `false` where that was done before. */
  destroy(transaction: WriteTransaction, subject: WorkSubject): Promise<boolean>;
}
