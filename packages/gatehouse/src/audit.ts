export { auditChanges, auditMembers } from "./audit/context.ts";
export { createErrorReport, type ErrorReportOptions, type ReportError } from "./audit/error-report.ts";
export { createEventLog, type EventLog, type EventLogOptions, type LogSink } from "./audit/event-log.ts";
export { events as auditEvents } from "./audit/events.ts";
export { createRecorder, type Recorder, type RecorderOptions } from "./audit/recorder.ts";
export { createRetentionJob, type RetentionOptions } from "./audit/retention.ts";
