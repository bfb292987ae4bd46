-- Pieces of one product at one location. The checks are the last word: no statement can sell what is not there.
create table stock (
  product_id text collate "C" not null,
  location text collate "C" not null,
  available bigint not null check (available >= 0),
  reserved bigint not null default 0 check (reserved >= 0),
  sold bigint not null default 0 check (sold >= 0),
  version bigint not null default 1 check (version >= 1),
  changed_at timestamptz not null,
  primary key (product_id, location)
) with (fillfactor = 70);

-- What this service remembers of each sale, for good: a repeated event finds its answer here.
create table reservations (
  order_number text collate "C" primary key,
  product_id text collate "C" not null,
  location text collate "C",
  quantity integer not null check (quantity > 0),
  status text not null check (status in ('reserved', 'sold', 'released', 'rejected', 'closed', 'oversold')),
  decided_at timestamptz not null,
  settled_at timestamptz,
  -- Pieces that moved have a place; pieces that never moved have none.
  check ((location is not null) = (status in ('reserved', 'sold', 'released'))),
  foreign key (product_id, location) references stock
);
create index reservations_open on reservations (product_id, location) where status = 'reserved';
create index reservations_oversold on reservations (order_number) where status = 'oversold';

-- Every hand that changed stock. The id is chosen by the caller, so that a repeat changes nothing.
create table adjustments (
  adjustment_id text collate "C" primary key,
  product_id text collate "C" not null,
  location text collate "C" not null,
  delta bigint not null,
  reason text not null,
  adjusted_by text not null,
  adjusted_at timestamptz not null,
  foreign key (product_id, location) references stock
);
create index adjustments_by_product on adjustments (product_id, adjusted_at desc);
