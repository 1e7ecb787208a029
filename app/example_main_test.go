package app_test

import (
	"context"
	"net/http"
	"os"

	"github.com/bennu-go/bennu/app"
	"github.com/bennu-go/bennu/config"
	"github.com/bennu-go/bennu/endpoint"
	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/pubsub"
	"github.com/bennu-go/bennu/router"
	"github.com/bennu-go/bennu/supervise"
)

// Config is what the environment says.
type Config struct {
	Addr string `env:"ADDR" default:"127.0.0.1:4000"`
}

func build(cfg Config) (app.Parts, error) {
	sys := proc.NewSystem(proc.Config{})
	ps := pubsub.New(pubsub.Config{System: sys})
	routes := router.New(func(r *router.Scope) {
		r.Get("/", func(w http.ResponseWriter, r *http.Request) error { return nil }, router.Options{Action: "pages.Home"})
	})
	ep := endpoint.New(endpoint.Config{System: sys, PubSub: ps, Addr: cfg.Addr, Handler: routes})
	return app.Parts{Endpoint: ep, Service: supervise.New(supervise.Config{Name: "shop"},
		supervise.Child{Name: "processes", Service: sys},
		supervise.Child{Name: "pubsub", Service: ps},
		supervise.Child{Name: "endpoint", Service: ep},
	)}, nil
}

// The whole main of an application, called as "shop routes". "shop server" serves.
func Example() {
	shop := app.App[Config]{Name: "shop", Build: build, Config: config.Source{Environ: []string{}}}
	// func main() { app.Main(shop) } does this with the arguments of the process:
	shop.Run(context.Background(), []string{"routes"}, os.Stdout, os.Stderr)
	// Output:
	//   GET  /  pages.Home
}
