-- A read side that is being built from the event log: how far each topic was read, so that it can go on where it was stopped.
create table rebuilds (
  generation integer primary key,
  started_by text not null,
  started_at timestamptz not null default now(),
  -- Renewed while a process works on it: one that is not is free to be taken up again.
  touched_at timestamptz not null default now(),
  ended_at timestamptz,
  -- Why it stands still, where it does.
  stopped text
);
create table rebuild_topics (
  generation integer not null references rebuilds on delete cascade,
  topic text not null,
  -- The last position of the log that was read.
  position bigint not null default 0,
  complete boolean not null default false,
  -- What the topic's consumers had taken when the generation was made, by event id: the log must have been read beyond these.
  marks text[] not null,
  primary key (generation, topic)
);
create sequence read_side_generations start 2;
