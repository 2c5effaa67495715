import { choice, duration, flag, integer, origin, size, text } from "./kind.ts";
import { option } from "./option.ts";

/** Options of where published photos and videos are kept, by path. */
export const mediaStorageOptions = {
  "media.storage.hot.directory": option(text("a path"), {
    doc: "Where files are kept that are asked for often. Several servers share it. Default: `media/files` in the data directory.",
  }),
  "media.storage.hot.quota": option(size(), {
    doc: "How much of it may be used, for warnings. Default: what the file system says.",
  }),
  "media.storage.archive.target": option(choice("none", "local", "s3"), {
    doc: "Where older files are kept: nowhere else, in another folder, or in a bucket of a service that speaks S3.",
    default: "none",
  }),
  "media.storage.archive.directory": option(text("a path"), { doc: "The folder of an archive of the kind `local`." }),
  "media.storage.archive.quota": option(size(), {
    doc: "How much of the archive may be used, for warnings; buckets cannot tell themselves.",
  }),
  "media.storage.archive.bucket": option(text("the name of a bucket"), {
    doc: "The bucket of an archive of the kind `s3`.",
  }),
  "media.storage.archive.region": option(text("the name of a region"), {
    doc: "The region of the bucket.",
    default: "us-east-1",
  }),
  "media.storage.archive.endpoint": option(origin(), {
    doc: "Where a service other than Amazon's answers.",
  }),
  "media.storage.archive.prefix": option(text("the beginning of keys, such as photos/"), {
    doc: "Put before every key in the bucket.",
  }),
  "media.storage.archive.pathStyle": option(flag(), {
    doc: "Names the bucket in the path instead of the host name. Default: where an endpoint is set.",
  }),
  "media.storage.archive.accessKeyId": option(text(), {
    doc: "Access key of the bucket. Default: where the AWS SDK looks, such as the role of the machine.",
  }),
  "media.storage.archive.secretAccessKey": option(text(), { doc: "Its secret.", secret: true }),
  "media.storage.archive.after": option(duration("1m"), {
    doc: "How long after a file was stored it is copied to the archive.",
    default: "30d",
  }),
  "media.storage.archive.grace": option(duration("1m"), {
    doc: "How long after the copy was verified the file is deleted from hot. The copy is read back once more then.",
    default: "7d",
  }),
  "media.storage.archive.restoredFor": option(duration("1m"), {
    doc: "How long a file stays at the hot target after it was restored.",
    default: "7d",
  }),
  "media.storage.checkDays": option(integer(1, 3650), {
    doc: "In how many days every copy is read once and compared with its digest.",
    default: 100,
  }),
} as const;
