module pause

go 1.23.0
