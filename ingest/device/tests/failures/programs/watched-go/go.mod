module watched

go 1.21
