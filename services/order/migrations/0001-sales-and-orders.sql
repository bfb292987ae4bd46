-- Where each sale stands. The only table of this service whose rows change.
create table sales (
  order_number text collate "C" primary key,
  auction_id text collate "C" not null,
  product_id text collate "C" not null,
  user_id text collate "C" not null,
  quantity integer not null check (quantity > 0),
  unit_price_minor bigint not null check (unit_price_minor > 0),
  total_minor bigint not null check (total_minor > 0),
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  confirmed_at timestamptz not null,
  stock text not null check (stock in ('waiting', 'reserved', 'rejected', 'released')),
  payment text not null check (payment in ('waiting', 'captured', 'declined', 'refunded')),
  status text not null check (status in ('open', 'ordered', 'failed')),
  started_at timestamptz not null,
  deadline_at timestamptz not null
);
-- What the sweep looks for, and nothing else: the index stays as small as the number of open sales.
create index sales_open on sales (deadline_at) where status = 'open';
create index sales_by_start on sales (started_at desc, order_number desc);
create index sales_by_status on sales (status, started_at desc, order_number desc);
create index sales_by_auction on sales (auction_id, started_at desc, order_number desc);
create index sales_by_product on sales (product_id, started_at desc, order_number desc);

-- How each sale ended. The primary key is the arbiter: one order number, one end.
create table outcomes (
  order_number text collate "C" primary key references sales,
  outcome text not null check (outcome in ('ordered', 'failed')),
  reason text,
  ended_at timestamptz not null,
  check ((outcome = 'failed') = (reason is not null)),
  unique (order_number, outcome)
);
create index outcomes_by_reason on outcomes (reason) where outcome = 'failed';

-- The orders. The foreign key lets a row stand only where the sale ended as 'ordered'.
create table orders (
  order_number text collate "C" primary key,
  outcome text not null default 'ordered' check (outcome = 'ordered'),
  auction_id text collate "C" not null,
  product_id text collate "C" not null,
  user_id text collate "C" not null,
  quantity integer not null check (quantity > 0),
  unit_price_minor bigint not null check (unit_price_minor > 0),
  total_minor bigint not null check (total_minor > 0),
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  confirmed_at timestamptz not null,
  payment_id text collate "C" not null,
  created_at timestamptz not null,
  foreign key (order_number, outcome) references outcomes (order_number, outcome)
);
create index orders_by_time on orders (created_at desc, order_number desc);
create index orders_by_user on orders (user_id, created_at desc, order_number desc);
create index orders_by_auction on orders (auction_id, created_at desc, order_number desc);

-- Immutable means that the database refuses, whoever asks and however few rows are meant.
create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '% on % is refused: its rows are immutable', tg_op, tg_table_name using errcode = 'restrict_violation';
end
$$;
create trigger orders_are_immutable before update or delete or truncate on orders
  for each statement execute function refuse_change();
create trigger outcomes_are_immutable before update or delete or truncate on outcomes
  for each statement execute function refuse_change();
-- `always`: also where session_replication_role = replica switches ordinary triggers off.
alter table orders enable always trigger orders_are_immutable;
alter table outcomes enable always trigger outcomes_are_immutable;

-- A second lock, in force where the service's role is no superuser. PostgreSQL checks the foreign key with
-- `select … for key share` on outcomes as its owner, which needs the right to update: there the trigger alone refuses.
revoke update, delete, truncate on orders from public, current_user;
revoke delete, truncate on outcomes from public, current_user;

-- The moment up to which everything published is known to have been read (one row). The sweep's only clock.
create table saga_clock (
  only_row boolean primary key default true check (only_row),
  caught_up_at timestamptz
);
insert into saga_clock default values;
