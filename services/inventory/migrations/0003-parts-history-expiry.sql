-- What came in by hand. Sales move pieces between the figures and make none, and the database says so on every write.
alter table stock add column supplied bigint;
update stock set supplied = available + reserved + sold;
alter table stock
  alter column supplied set not null,
  add constraint stock_is_what_came_in check (supplied = available + reserved + sold);

-- A sale may be served from several locations: [{"location": "north", "quantity": 2}, …].
create function pieces_in(parts jsonb) returns bigint language sql immutable strict as
  $$ select coalesce(sum((part ->> 'quantity')::bigint), 0) from jsonb_array_elements(parts) as part $$;
alter table reservations
  add column parts jsonb not null default '[]',
  -- What is asked about when nothing was heard of the sale. Sales from before have none, and are not asked about.
  add column sale jsonb,
  add column expires_at timestamptz,
  add column asked integer not null default 0;
update reservations
   set parts = jsonb_build_array(jsonb_build_object('location', location, 'quantity', quantity))
 where location is not null;
-- Its check, its foreign key and its index go with it. Locations are never removed.
alter table reservations drop column location;
alter table reservations
  -- Pieces that moved have places, and all of them; pieces that never moved have none. One place is the usual case and needs no call.
  add constraint reservations_parts check (
    case when status not in ('reserved', 'sold', 'released') then parts = '[]'
         when jsonb_array_length(parts) = 1 then (parts -> 0 ->> 'quantity')::bigint = quantity
         else pieces_in(parts) = quantity end),
  add constraint reservations_expire check (expires_at is null or status = 'reserved');
-- What the sweep looks for, and nothing else.
create index reservations_due on reservations (expires_at) where expires_at is not null;

-- Every command by hand that was carried out. The id is its sender's, so that a repeat changes nothing.
alter table adjustments rename to stock_commands;
alter table stock_commands rename column adjustment_id to command_id;
alter table stock_commands rename column delta to pieces;
alter table stock_commands rename column adjusted_by to actor;
alter table stock_commands rename column adjusted_at to carried_out_at;
alter table stock_commands
  add column kind text not null default 'adjust' check (kind in ('set', 'adjust', 'transfer')),
  add column to_location text collate "C",
  alter column reason drop not null,
  add check ((to_location is not null) = (kind = 'transfer')),
  drop constraint adjustments_pkey,
  add primary key (kind, command_id);
alter table stock_commands alter column kind drop default;
drop index adjustments_by_product;
alter table stock_commands drop constraint adjustments_product_id_location_fkey;

-- Every change of every figure: what, by how much, to what, who, why, when. `position` orders the changes of a product, because each
-- is written while its rows are locked. `changed_in` is the transaction: the cache reads by it what has been committed since.
create table stock_history (
  position bigint generated always as identity primary key,
  product_id text collate "C" not null,
  location text collate "C" not null,
  version bigint not null check (version >= 1),
  reason text not null check (reason in ('set', 'adjusted', 'transferred', 'reserved', 'released', 'sold')),
  available_change bigint not null,
  reserved_change bigint not null,
  sold_change bigint not null,
  available bigint not null check (available >= 0),
  reserved bigint not null check (reserved >= 0),
  sold bigint not null check (sold >= 0),
  actor text not null,
  note text,
  -- The id of the command that asked for it.
  command_id text collate "C",
  order_number text collate "C",
  changed_at timestamptz not null,
  changed_in xid8 not null default pg_current_xact_id(),
  -- A sale neither makes nor loses a piece; a hand touches available pieces alone.
  constraint stock_history_adds_up check (
    case when reason in ('reserved', 'released', 'sold') then available_change + reserved_change + sold_change = 0
         else reserved_change = 0 and sold_change = 0 end),
  constraint stock_history_names_its_sale check ((order_number is not null) = (reason in ('reserved', 'released', 'sold')))
);
create index stock_history_by_product on stock_history (product_id, position desc);
create index stock_history_by_order on stock_history (order_number) where order_number is not null;
create index stock_history_by_transaction on stock_history (changed_in);

-- What was there before the history began. Held and sold pieces came in before: they are part of what was available once, so
-- their figures stand in the row and their changes are not told.
insert into stock_history (product_id, location, version, reason, available_change, reserved_change, sold_change,
                           available, reserved, sold, actor, note, changed_at)
select product_id, location, version, 'set', available, 0, 0, available, reserved, sold, 'inventory', 'before the history began', changed_at
  from stock
 order by product_id, location;

-- The history is for good: the database refuses, whoever asks and however few rows are meant.
create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '% on % is refused: its rows are immutable', tg_op, tg_table_name using errcode = 'restrict_violation';
end
$$;
create trigger stock_history_is_immutable before update or delete or truncate on stock_history
  for each statement execute function refuse_change();
alter table stock_history enable always trigger stock_history_is_immutable;
revoke update, delete, truncate on stock_history from public, current_user;
