-- Up Migration

-- Events waiting for the broker's acknowledgement. The key, value and headers are those of the Kafka message.
create table outbox (
  id bigint generated always as identity primary key,
  topic text not null,
  key text not null,
  value text not null,
  headers jsonb not null,
  created_at timestamptz not null default now()
)
-- Rows live for milliseconds: vacuum early, so that the head of the table stays short to scan.
with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);

-- Event ids that a consumer group has handled, kept for longer than Kafka would deliver them again.
create table inbox (
  consumer_group text not null,
  event_id text not null,
  received_at timestamptz not null default now(),
  primary key (consumer_group, event_id)
);
create index inbox_received_at on inbox using brin (received_at);
