-- Figures in windows of event time: whole numbers that only ever grow by what an event adds, so the order of events means nothing.
create table statistics (
  figure text collate "C" not null,
  window_ms integer not null check (window_ms > 0),
  window_start timestamptz not null,
  -- Of which auction or product; empty for all together.
  subject text collate "C" not null,
  -- A part of the figure: an outcome, a currency, a bucket of durations.
  label text collate "C" not null,
  value bigint not null check (value > 0),
  -- The position up to which the log was folded when this last grew: what a stream of changes goes by.
  changed_position bigint not null,
  primary key (figure, window_ms, window_start, subject, label)
);
create index statistics_of_subject on statistics (figure, window_ms, subject, window_start);
create index statistics_changes on statistics (window_ms, changed_position);

-- Up to where the log is in the figures: moved in the transaction that adds to them, so each event counts once (one row).
create table statistics_progress (
  only_row boolean primary key default true check (only_row),
  -- Of the fold that made the figures. A higher one begins again from the first event.
  fold_version integer not null,
  position bigint not null check (position >= 0),
  -- The latest time of any event so far: one that comes behind it is late.
  stream_time timestamptz not null,
  -- Narrow windows are not kept for ever, and none before this is added to.
  seconds_kept_from timestamptz not null,
  minutes_kept_from timestamptz not null
);
insert into statistics_progress (fold_version, position, stream_time, seconds_kept_from, minutes_kept_from)
values (0, 0, to_timestamp(0), to_timestamp(0), to_timestamp(0));
