-- When the log took the latest event of a sale: what was recorded by then had been published, whatever time it carries. Sales are told anew
-- by a new fold, so nothing keeps the value given here.
alter table sagas add column last_recorded_at timestamptz not null default to_timestamp(0);
alter table sagas alter column last_recorded_at drop default;

-- Where a service's database is not what its events say. One row a difference, kept when it is gone.
create table differences (
  number bigint generated always as identity primary key,
  statement text collate "C" not null,
  -- The id by which the statement is in order: a comparison of a range closes what it no longer finds in it.
  place text collate "C" not null,
  subject text collate "C" not null,
  kind text collate "C" not null,
  expected text not null,
  found text not null,
  first_seen_at timestamptz not null,
  last_seen_at timestamptz not null,
  gone_at timestamptz,
  unique (statement, subject, kind)
);
create index differences_open on differences (statement, place) where gone_at is null;

-- How far comparing has come, by statement.
create table reconciliation (
  statement text collate "C" primary key,
  checked_at timestamptz not null,
  round_ended_at timestamptz,
  compared bigint not null default 0,
  on_their_way bigint not null default 0,
  -- Of the round that is under way.
  round_compared bigint not null default 0,
  round_on_their_way bigint not null default 0
);
