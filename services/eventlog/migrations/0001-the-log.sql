-- The log. `position` has no gaps and rises in the order of commits: writers take turns at `log_head`.
create table events (
  position bigint not null check (position > 0),
  event_id text collate "C" not null,
  type text collate "C" not null,
  source text collate "C" not null,
  subject text collate "C",
  topic text collate "C" not null,
  kafka_partition integer not null,
  kafka_offset bigint not null,
  key text collate "C" not null,
  time timestamptz not null,
  recorded_at timestamptz not null,
  traceparent text,
  data jsonb not null,
  previous_hash bytea not null check (octet_length(previous_hash) = 32),
  hash bytea not null check (octet_length(hash) = 32),
  -- Every event of a sale's saga carries the sale; its confirmation has the product as its key.
  order_number text collate "C" generated always as (data -> 'sale' ->> 'orderNumber') stored,
  primary key (position, recorded_at)
) partition by range (recorded_at);
create index events_by_topic on events (topic, position);
create index events_by_type on events (type, position);
create index events_by_subject on events (subject, position);
create index events_by_key on events (key, position);
create index events_by_time on events (time, position);
create index events_by_order on events (order_number, position) where order_number is not null;

-- Which events are in the log, for good: a unique key over a partitioned table would have to name the time of recording,
-- and then the same event could be recorded twice at two times.
create table event_positions (
  topic text collate "C" not null,
  event_id text collate "C" not null,
  position bigint not null unique,
  recorded_at timestamptz not null,
  primary key (topic, event_id)
);
create index event_positions_by_event on event_positions (event_id, position);

-- The last position, its hash and its time (one row). Its lock is the turn to append.
create table log_head (
  only_row boolean primary key default true check (only_row),
  position bigint not null,
  hash bytea not null check (octet_length(hash) = 32),
  recorded_at timestamptz not null
);
insert into log_head (position, hash, recorded_at) values (0, decode(repeat('00', 32), 'hex'), to_timestamp(0));

-- Append-only means that the database refuses anything else, whoever asks and however few rows are meant.
create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '% on % is refused: the log is append-only', tg_op, tg_table_name using errcode = 'restrict_violation';
end
$$;
create function refuse_going_back() returns trigger language plpgsql as $$
begin
  if new.position <= old.position or new.recorded_at < old.recorded_at then
    raise exception 'The head of the log moves forward only' using errcode = 'restrict_violation';
  end if;
  return new;
end
$$;
create trigger events_are_immutable before update or delete or truncate on events
  for each statement execute function refuse_change();
create trigger event_positions_are_immutable before update or delete or truncate on event_positions
  for each statement execute function refuse_change();
create trigger log_head_stays before delete or truncate on log_head
  for each statement execute function refuse_change();
create trigger log_head_moves_forward before update on log_head
  for each row execute function refuse_going_back();
-- `always`: also where session_replication_role = replica switches ordinary triggers off.
alter table events enable always trigger events_are_immutable;
alter table event_positions enable always trigger event_positions_are_immutable;
alter table log_head enable always trigger log_head_stays;
alter table log_head enable always trigger log_head_moves_forward;
-- A second lock, in force where the service's role is no superuser.
revoke update, delete, truncate on events, event_positions from public, current_user;
revoke delete, truncate on log_head from public, current_user;

-- Makes the partition of a month (UTC), unless it is there. A statement's trigger guards the table it was made on and no
-- partition of it, so each has its own. Made beside the log and attached then, which stops neither readers nor writers.
create function make_events_partition(moment timestamptz) returns boolean language plpgsql as $$
declare
  starts timestamp := date_trunc('month', moment at time zone 'UTC');
  partition text := 'events_' || to_char(starts, 'YYYY_MM');
begin
  if to_regclass(partition) is not null then return false; end if;
  perform pg_advisory_xact_lock(4283500010);
  -- Read from the table: what to_regclass remembers may be from before the wait.
  if exists (select from pg_class where relname = partition and relnamespace = current_schema()::regnamespace) then
    return false;
  end if;
  execute format('create table %I (like events including all)', partition);
  execute format(
    'create trigger events_are_immutable before update or delete or truncate on %I
       for each statement execute function refuse_change()', partition);
  execute format('alter table %I enable always trigger events_are_immutable', partition);
  execute format('revoke update, delete, truncate on %I from public, current_user', partition);
  execute format('alter table events attach partition %I for values from (%L) to (%L)',
    partition, starts at time zone 'UTC', (starts + interval '1 month') at time zone 'UTC');
  return true;
end
$$;
