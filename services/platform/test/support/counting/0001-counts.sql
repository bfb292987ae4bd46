-- Up Migration
create table counts (
  position bigint generated always as identity primary key,
  key text not null,
  number integer not null
);
