-- What consumer groups have put away. Which group and topic it is of is told by the dead letter topic it came on.
create table dead_letters (
  -- The order in which they came here; listings and bulk replays follow it.
  number bigint generated always as identity primary key,
  dead_letter_id text collate "C" not null unique default gen_random_uuid()::text,
  -- Where it stands in Kafka. With the time of death, because a topic that is made anew counts from zero again.
  dead_letter_topic text collate "C" not null,
  dead_letter_partition integer not null,
  dead_letter_offset bigint not null,
  died_at timestamptz not null,
  consumer_group text collate "C" not null,
  -- Where it stood before; null where the headers do not tell.
  topic text collate "C" not null,
  kafka_partition integer,
  kafka_offset bigint,
  -- As they were, byte by byte, for the replay.
  key bytea,
  value bytea,
  -- [[name, value in base64], …]. Of type json and not jsonb, which refuses what a header's name may have in it.
  headers json not null,
  reason text collate "C" not null check (reason in ('undecodable', 'bug', 'fault', 'unknown')),
  error text not null,
  attempts integer,
  recorded_at timestamptz not null,
  status text collate "C" not null default 'open' check (status in ('open', 'replayed', 'discarded')),
  decided_by text,
  decided_at timestamptz,
  unique (dead_letter_topic, dead_letter_partition, dead_letter_offset, died_at),
  check ((status = 'open') = (decided_by is null) and (status = 'open') = (decided_at is null))
);
create index dead_letters_by_group on dead_letters (consumer_group, number);
create index dead_letters_open on dead_letters (consumer_group, number) where status = 'open';
