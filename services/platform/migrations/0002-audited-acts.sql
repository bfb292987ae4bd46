-- Up Migration

-- What admins are doing: written before it is done, and taken away when its event is in the outbox. Of type json and not jsonb, which
-- refuses what a text given as a reason may have in it.
create table audited_acts (
  act_id text primary key,
  act json not null,
  begun_at timestamptz not null
);
create index audited_acts_begun_at on audited_acts (begun_at);
