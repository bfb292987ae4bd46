-- Up Migration
create table counts (position bigint primary key);
insert into nowhere values (1);
