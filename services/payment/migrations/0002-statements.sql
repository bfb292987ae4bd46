-- Statements go through the payments in the binary order of order numbers, which the primary key may not have.
create index payments_by_order_number on payments (order_number collate "C");
