export { createSmtpMailer, type SmtpOptions } from "./identity/accounts/adapters/smtp-mailer.ts";
