package main

import (
	"log/slog"
	"net/http"

	"github.com/bennu-go/bennu/controller"
	"github.com/bennu-go/bennu/endpoint"
	"github.com/bennu-go/bennu/plug"
	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/pubsub"
	"github.com/bennu-go/bennu/router"
)

// bennuServer is an API as the guides write it.
func bennuServer() http.Handler {
	logger := slog.New(slog.DiscardHandler)
	sys := proc.NewSystem(proc.Config{Logger: logger})
	api := router.Pipeline{Name: "api", Plugs: []router.Plug{plug.Accepts("json"), plug.Parsers(plug.ParsersConfig{})}}
	routes := router.New(func(r *router.Scope) {
		r.Scope("/api", api, func(r *router.Scope) {
			r.Fallback(controller.Fallback(controller.FallbackConfig{}))
			r.Get("/ping", func(w http.ResponseWriter, _ *http.Request) error {
				return controller.JSON(w, http.StatusOK, map[string]bool{"ok": true})
			})
			r.Get("/users/{id}", func(w http.ResponseWriter, r *http.Request) error {
				return controller.JSON(w, http.StatusOK, userOf(r.PathValue("id")))
			})
		})
	})
	ep := endpoint.New(endpoint.Config{
		System: sys, PubSub: pubsub.New(pubsub.Config{System: sys, Logger: logger}), Logger: logger,
		Handler: plug.RequestID()(routes),
	})
	return ep.Handler()
}
