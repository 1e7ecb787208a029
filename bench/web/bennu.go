package main

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/bennu-go/bennu/cache"
	"github.com/bennu-go/bennu/controller"
	"github.com/bennu-go/bennu/endpoint"
	"github.com/bennu-go/bennu/param"
	"github.com/bennu-go/bennu/plug"
	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/pubsub"
	"github.com/bennu-go/bennu/router"
)

// bennuServer is an API as the guides write it.
func bennuServer() http.Handler {
	logger := slog.New(slog.DiscardHandler)
	sys := proc.NewSystem(proc.Config{Logger: logger})
	users := cache.New(cache.Config[string, map[string]any]{
		System: sys, TTL: time.Minute, Logger: logger,
		Load: func(_ context.Context, id string) (map[string]any, error) { return userOf(id), nil },
	})
	api := router.Pipeline{Name: "api", Plugs: []router.Plug{plug.Accepts("json")}}
	routes := router.New(func(r *router.Scope) {
		r.Scope("/api", api, func(r *router.Scope) {
			r.Fallback(controller.Fallback(controller.FallbackConfig{}))
			r.Get("/ping", func(w http.ResponseWriter, _ *http.Request) error {
				return controller.JSON(w, http.StatusOK, map[string]bool{"ok": true})
			})
			r.Get("/users/{id}", func(w http.ResponseWriter, r *http.Request) error {
				id, err := param.Of(r).String("id")
				if err != nil {
					return err
				}
				return controller.JSON(w, http.StatusOK, userOf(id))
			})
			r.Get("/cached/{id}", func(w http.ResponseWriter, r *http.Request) error {
				user, err := users.GetOrLoad(r.Context(), r.PathValue("id"))
				if err != nil {
					return err
				}
				return controller.JSON(w, http.StatusOK, user)
			})
		})
	})
	ep := endpoint.New(endpoint.Config{
		System: sys, PubSub: pubsub.New(pubsub.Config{System: sys, Logger: logger}), Logger: logger,
		Plugs:   plug.Pipeline(plug.RequestID(), plug.Parsers(plug.ParsersConfig{})),
		Handler: routes,
	})
	return ep.Handler()
}
