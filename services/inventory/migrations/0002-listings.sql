-- The listing of reservations, newest first, whole and by what an admin asks for.
create index reservations_by_time on reservations (decided_at desc, order_number desc);
create index reservations_by_product on reservations (product_id, decided_at desc, order_number desc);
create index reservations_by_status on reservations (status, decided_at desc, order_number desc);
create index stock_by_location on stock (location, product_id);
