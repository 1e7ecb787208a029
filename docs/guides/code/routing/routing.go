// Command routing is the code of the guide on routing: go run ./docs/guides/code/routing routes
package main

import (
	"expvar"
	"fmt"
	"net/http"

	"github.com/bennu-go/bennu/app"
	"github.com/bennu-go/bennu/controller"
	"github.com/bennu-go/bennu/docs/guides/code/routing/paths"
	"github.com/bennu-go/bennu/endpoint"
	"github.com/bennu-go/bennu/plug"
	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/pubsub"
	"github.com/bennu-go/bennu/router"
	"github.com/bennu-go/bennu/supervise"
)

//go:generate go run . paths -o paths/paths.go

func main() { app.Main(app.App[Config]{Name: "shop", Build: build}) }

// Config comes from the environment.
type Config struct {
	Addr string `env:"ADDR" default:"127.0.0.1:4000"`
}

func build(cfg Config) (app.Parts, error) {
	sys := proc.NewSystem(proc.Config{})
	ps := pubsub.New(pubsub.Config{System: sys})
	ep := endpoint.New(endpoint.Config{System: sys, PubSub: ps, Addr: cfg.Addr, Handler: Router()})
	return app.Parts{Endpoint: ep, Service: supervise.New(supervise.Config{Name: "shop"},
		supervise.Child{Name: "processes", Service: sys},
		supervise.Child{Name: "pubsub", Service: ps},
		supervise.Child{Name: "endpoint", Service: ep},
	)}, nil
}

// Router is the table of the application.
func Router() *router.Router {
	api := router.Pipeline{Name: "api", Plugs: []plug.Plug{plug.Accepts("json")}}
	return router.New(func(r *router.Scope) {
		r.Fallback(controller.Fallback(controller.FallbackConfig{}))
		r.Scope("/", func(r *router.Scope) {
			r.Host("{tenant}.shop.example")
			r.Get("/", tenantHome)
		})
		r.Get("/", home, router.Options{Name: "home"})
		r.Get("/files/{path...}", file, router.Options{Name: "file"})
		r.Resources("/profile", router.Resource{Singleton: true, Show: showProfile, Update: updateProfile})
		r.Scope("/api", api, func(r *router.Scope) {
			r.Scope("/v1", func(r *router.Scope) {
				r.Name("v1")
				r.Resources("/users", router.Resource{Index: listUsers, Show: showUser, Create: createUser}, func(r *router.Scope) {
					r.Resources("/posts", router.Resource{Index: listPosts, Show: showPost})
				})
			})
			r.Scope("/v2", func(r *router.Scope) {
				r.Name("v2")
				r.Resources("/users", router.Resource{Show: showUserV2})
			})
		})
		r.Forward("/vars", expvar.Handler())
	})
}

func tenantHome(w http.ResponseWriter, r *http.Request) error {
	return controller.Text(w, http.StatusOK, "the shop of "+r.PathValue("tenant"))
}

func listUsers(w http.ResponseWriter, r *http.Request) error {
	return controller.JSON(w, http.StatusOK, map[string]string{
		"first": paths.V1User(7),
		"next":  paths.V1Users(router.Query{"page": 2, "q": "a&b"}),
		"mail":  paths.V1UserPostURL("https://shop.example", 7, "a/b"),
	})
}

func createUser(w http.ResponseWriter, r *http.Request) error {
	return controller.Created(w, paths.V1User(8), map[string]int{"id": 8})
}

func home(w http.ResponseWriter, r *http.Request) error          { return say(w, r, "home") }
func file(w http.ResponseWriter, r *http.Request) error          { return say(w, r, "file", "path") }
func showProfile(w http.ResponseWriter, r *http.Request) error   { return say(w, r, "profile") }
func updateProfile(w http.ResponseWriter, r *http.Request) error { return say(w, r, "profile changed") }
func showUser(w http.ResponseWriter, r *http.Request) error      { return say(w, r, "user", "id") }
func listPosts(w http.ResponseWriter, r *http.Request) error     { return say(w, r, "posts of", "user_id") }
func showPost(w http.ResponseWriter, r *http.Request) error {
	return say(w, r, "post", "user_id", "id")
}
func showUserV2(w http.ResponseWriter, r *http.Request) error { return say(w, r, "new user", "id") }

// say answers with the name of the action and the path's values.
func say(w http.ResponseWriter, r *http.Request, text string, params ...string) error {
	for _, p := range params {
		text += fmt.Sprintf(" %s=%s", p, r.PathValue(p))
	}
	return controller.Text(w, http.StatusOK, text)
}
