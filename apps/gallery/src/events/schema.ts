import type { Migration } from "gatehouse/kernel";

/** Tables of the gallery, as the query builder sees them. Times are epoch milliseconds. */
export interface GalleryTables {
  gallery_events: {
    id: string;
    tenant: string;
    slug: string;
    title: string;
    hosts: string;
    place: string;
    /** ISO 8601 date. */
    held_on: string;
    welcome: string;
    created_at: number;
    /** `open` or `invited`. */
    visibility: string;
    /** `none` or `hosts`: who approves photos of guests before they appear. */
    approval: string;
  };
  gallery_hosts: {
    tenant: string;
    event_id: string;
    account_id: string;
    created_at: number;
  };
  gallery_entries: {
    id: string;
    tenant: string;
    event_id: string;
    author: string;
    message: string;
    /** The guest who wrote it, or the fingerprint of the session of somebody else. */
    owner: string;
    created_at: number;
  };
  gallery_captions: {
    tenant: string;
    photo: string;
    /** `en` or `de`. */
    language: string;
    caption: string;
    alt: string;
  };
  gallery_likes: {
    tenant: string;
    event_id: string;
    owner: string;
    created_at: number;
  };
}

const guestbook = (integer: string) => `
CREATE TABLE gallery_events (
  id text PRIMARY KEY,
  tenant text NOT NULL,
  slug text NOT NULL,
  title text NOT NULL,
  hosts text NOT NULL,
  place text NOT NULL,
  held_on text NOT NULL,
  welcome text NOT NULL,
  created_at ${integer} NOT NULL,
  UNIQUE (tenant, slug)
);
CREATE TABLE gallery_entries (
  id text PRIMARY KEY,
  tenant text NOT NULL,
  event_id text NOT NULL REFERENCES gallery_events (id) ON DELETE CASCADE,
  author text NOT NULL,
  message text NOT NULL,
  owner text NOT NULL,
  created_at ${integer} NOT NULL
);
CREATE INDEX gallery_entries_by_event ON gallery_entries (tenant, event_id, id);
CREATE TABLE gallery_likes (
  tenant text NOT NULL,
  event_id text NOT NULL REFERENCES gallery_events (id) ON DELETE CASCADE,
  owner text NOT NULL,
  created_at ${integer} NOT NULL,
  PRIMARY KEY (tenant, event_id, owner)
);
`;

const hosts = (integer: string) => `
ALTER TABLE gallery_events ADD COLUMN visibility text NOT NULL DEFAULT 'open' CHECK (visibility IN ('open', 'invited'));
ALTER TABLE gallery_events ADD COLUMN approval text NOT NULL DEFAULT 'none' CHECK (approval IN ('none', 'hosts'));
CREATE TABLE gallery_hosts (
  tenant text NOT NULL,
  event_id text NOT NULL REFERENCES gallery_events (id) ON DELETE CASCADE,
  account_id text NOT NULL,
  created_at ${integer} NOT NULL,
  PRIMARY KEY (event_id, account_id)
);
CREATE INDEX gallery_hosts_by_account ON gallery_hosts (tenant, account_id);
`;

const captions = `
CREATE TABLE gallery_captions (
  tenant text NOT NULL,
  photo text NOT NULL,
  language text NOT NULL,
  caption text NOT NULL,
  alt text NOT NULL,
  PRIMARY KEY (tenant, photo, language)
);
CREATE INDEX gallery_entries_by_owner ON gallery_entries (tenant, owner);
CREATE INDEX gallery_likes_by_owner ON gallery_likes (tenant, owner);
`;

/** Forward-only steps of the gallery's schema. */
export const galleryMigrations: readonly Migration[] = [
  { name: "9001_gallery_guestbook", sqlite: guestbook("integer"), postgres: guestbook("bigint") },
  { name: "9002_gallery_hosts", sqlite: hosts("integer"), postgres: hosts("bigint") },
  { name: "9003_gallery_captions", sqlite: captions, postgres: captions },
];
