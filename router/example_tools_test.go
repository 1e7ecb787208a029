package router_test

import (
	"fmt"
	"net/http"
	"os"

	"github.com/bennu-go/bennu/router"
)

// Typed paths are written from the names in the table, by a program that go:generate runs.
func ExampleWriteGo() {
	routes := router.New(func(r *router.Scope) {
		r.Resources("/users", router.Resource{Show: showUser})
	})
	if err := router.WriteGo(os.Stdout, "paths", routes.Routes()); err != nil {
		fmt.Println(err)
	}
	// Output:
	// // Code generated from the table of routes. DO NOT EDIT.
	//
	// // Package paths has the paths of the application.
	// package paths
	//
	// import "github.com/bennu-go/bennu/router"
	//
	// // User returns the path /users/{id} (GET).
	// func User(id any, query ...router.Query) string {
	// 	return "/users/" + router.Segment(id) + router.QueryString(query...)
	// }
	//
	// // UserURL returns the URL of /users/{id} at base, such as "https://example.com".
	// func UserURL(base string, id any, query ...router.Query) string {
	// 	return router.Base(base, User(id, query...))
	// }
}

// A match is data too: what would a request reach?
func ExampleRouter_RouteInfo() {
	routes := router.New(func(r *router.Scope) {
		r.Get("/posts/{year}/{slug}", listUsers, router.Options{Action: "Posts.Show"})
		r.Forward("/static", http.FileServer(http.Dir("public")))
	})
	m, err := routes.RouteInfo("GET", "example.com", "/posts/2026/a%2Fb/")
	fmt.Println(m.Path, m.Action, m.Params["year"], m.Params["slug"], err)
	_, err = routes.RouteInfo("POST", "example.com", "/posts/2026/x")
	fmt.Println(err)
	// Output:
	// /posts/{year}/{slug} Posts.Show 2026 a/b <nil>
	// router: no route for POST "/posts/2026/x", only for GET, HEAD, OPTIONS
}

// The first defined wins, and what can never be reached is listed.
func ExampleRouter_Warnings() {
	routes := router.New(func(r *router.Scope) {
		r.Get("/users/{id}", showUser)
		r.Get("/users/new", listUsers)
	})
	for _, w := range routes.Warnings() {
		fmt.Println(w.Later, "after", w.Earlier, "unreachable:", w.Unreachable, "as", w.Path)
	}
	// Output:
	// GET /users/new after GET /users/{id} unreachable: true as /users/new
}
