module github.com/bennu-go/bennu/bench

go 1.26.0

replace github.com/bennu-go/bennu => ../

require go.uber.org/goleak v1.3.0
