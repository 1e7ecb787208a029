package controller_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/bennu-go/bennu/controller"
	"github.com/bennu-go/bennu/param"
	"github.com/bennu-go/bennu/plug"
	"github.com/bennu-go/bennu/router"
)

// A JSON API: actions return what went wrong, and the scope's fallback gives all errors one shape.
func Example_api() {
	rooms := map[string]string{"1": "lobby"}
	show := func(w http.ResponseWriter, r *http.Request) error {
		name, ok := rooms[r.PathValue("id")]
		if !ok {
			return fmt.Errorf("room %s: %w", r.PathValue("id"), controller.ErrNotFound)
		}
		return controller.JSON(w, http.StatusOK, map[string]string{"name": name})
	}
	create := func(w http.ResponseWriter, r *http.Request) error {
		name, _ := param.Get(r, "room").String("name")
		if name == "" {
			return controller.Invalid{"name": {"can't be blank"}}
		}
		rooms["2"] = name
		return controller.Created(w, "/api/rooms/2", map[string]string{"name": name})
	}
	api := router.New(func(r *router.Scope) {
		r.Fallback(controller.Fallback(controller.FallbackConfig{}))
		r.Scope("/api", plug.Accepts("json"), func(r *router.Scope) {
			r.Get("/rooms/{id}", show)
			r.Post("/rooms", create)
		})
	})
	for _, r := range []*http.Request{
		httptest.NewRequest("GET", "/api/rooms/1", nil),
		httptest.NewRequest("GET", "/api/rooms/7", nil),
		httptest.NewRequest("POST", "/api/rooms?room[name]=", nil),
		httptest.NewRequest("POST", "/api/rooms?room[name]=den", nil),
	} {
		w := httptest.NewRecorder()
		api.ServeHTTP(w, r)
		fmt.Println(w.Code, w.Body)
	}
	// Output:
	// 200 {"name":"lobby"}
	// 404 {"errors":{"detail":"Not Found"}}
	// 422 {"errors":{"name":["can't be blank"]}}
	// 201 {"name":"den"}
}

// One action for people and for programs.
func ExampleRender() {
	type room struct{ Name string }
	view := controller.View[room]{
		JSON: func(_ *http.Request, v room) any { return map[string]string{"name": v.Name} },
		Text: func(_ *http.Request, v room) string { return "Room " + v.Name },
	}
	h := plug.Accepts("text", "json")(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		controller.Render(w, r, http.StatusOK, view, room{"lobby"})
	}))
	for _, accept := range []string{"text/plain", "application/json"} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Accept", accept)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		fmt.Println(w.Body)
	}
	// Output:
	// Room lobby
	// {"name":"lobby"}
}
