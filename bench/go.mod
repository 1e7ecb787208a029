module github.com/bennu-go/bennu/bench

go 1.26.0

replace github.com/bennu-go/bennu => ../

require (
	github.com/bennu-go/bennu v0.0.0-00010101000000-000000000000
	go.uber.org/goleak v1.3.0
)

require (
	github.com/go-json-experiment/json v1.27.2 // indirect
	golang.org/x/crypto v0.58.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
	golang.org/x/time v0.16.0 // indirect
)
