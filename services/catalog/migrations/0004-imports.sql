-- Files of items and stock, each row with what became of it. A file is staged while it arrives and let go when it is whole.
create table imports (
  import_id text collate "C" primary key,
  position bigint generated always as identity unique,
  -- The upload whose rows these are. A newer one of the same id takes the place of one that never came whole.
  upload uuid not null,
  state text not null check (state in ('receiving', 'running', 'done', 'broken-off')),
  type text not null,
  file_name text,
  -- SHA-256 of the file, once it is whole: the same id is the same file.
  digest bytea,
  started_by text not null,
  started_at timestamptz not null,
  changed_at timestamptz not null,
  ended_at timestamptz,
  -- Counted along, so that whoever watches need not count rows.
  rows integer not null default 0,
  done integer not null default 0,
  refused integer not null default 0,
  under_way integer not null default 0 check (under_way >= 0),
  check (done + refused + under_way <= rows),
  check ((ended_at is not null) = (state in ('done', 'broken-off')))
);
create index imports_by_start on imports (started_at);
create index imports_open on imports (changed_at) where state in ('receiving', 'running');

create table import_rows (
  import_id text collate "C" not null references imports on delete cascade,
  line integer not null,
  product_id text collate "C",
  -- What the row asks for.
  item jsonb,
  stock jsonb,
  kind text not null generated always as (
    case when item is null then 'stock' when stock is null then 'item' else 'both' end) stored,
  state text not null check (state in ('waiting', 'under-way', 'done', 'refused')),
  item_outcome text,
  stock_outcome text,
  code text,
  detail text,
  primary key (import_id, line),
  check ((code is not null) = (state = 'refused'))
);
create index import_rows_waiting on import_rows (import_id, line) where state = 'waiting';
create index import_rows_done on import_rows (import_id, line) where state = 'done';
create index import_rows_refused on import_rows (import_id, line) where state = 'refused';
create index import_rows_under_way on import_rows (import_id, line) where state = 'under-way';
