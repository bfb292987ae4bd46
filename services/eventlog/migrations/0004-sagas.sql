-- Every sale as its events tell it, written anew from all of them whenever one is added: the order in which they came means nothing.
create table sagas (
  order_number text collate "C" primary key,
  sale jsonb not null,
  auction_id text collate "C" not null generated always as (sale ->> 'auctionId') stored,
  product_id text collate "C" not null generated always as (sale ->> 'productId') stored,
  user_id text collate "C" not null generated always as (sale ->> 'userId') stored,
  confirmed_at_ms bigint not null generated always as ((sale ->> 'confirmedAt')::bigint) stored,
  state text collate "C" not null check (state in ('open', 'compensating', 'ordered', 'failed')),
  stock text collate "C" not null,
  payment text collate "C" not null,
  reason text collate "C",
  synthetic boolean not null,
  last_step text not null,
  last_step_at timestamptz not null,
  ended_at timestamptz,
  event_count integer not null,
  -- The listing's order: what is not over first and the oldest on top, then the rest and the newest on top.
  rank bigint not null generated always as (
    case
      when state in ('open', 'compensating') then (sale ->> 'confirmedAt')::bigint
      else 1000000000000000000 - (sale ->> 'confirmedAt')::bigint
    end) stored
);
create index sagas_by_rank on sagas (rank, order_number);
create index sagas_by_state on sagas (state, rank, order_number);
create index sagas_by_auction on sagas (auction_id, rank, order_number);
create index sagas_by_product on sagas (product_id, rank, order_number);
create index sagas_by_user on sagas (user_id, rank, order_number);
