package main

import (
	"bytes"
	"context"
	"os"
	"testing"

	"github.com/bennu-go/bennu/app"
	"github.com/bennu-go/bennu/conntest"
	"github.com/bennu-go/bennu/router"
)

func TestRoutes(t *testing.T) {
	c := conntest.New(t, Router())
	for path, want := range map[string]string{
		"/":                        "home",
		"/files/a/b.txt":           "file path=a/b.txt",
		"/profile/":                "profile",
		"/api/v1/users/7":          "user id=7",
		"/api//v1/users/7/":        "user id=7",
		"/api/v1/users/a%2Fb":      "user id=a/b",
		"/api/v1/users/7/posts":    "posts of user_id=7",
		"/api/v1/users/7/posts/hi": "post user_id=7 id=hi",
		"/api/v2/users/7":          "new user id=7",
	} {
		if r := c.Get(path).WantStatus(200); r.Body != want {
			t.Errorf("%s: got %q, want %q", path, r.Body, want)
		}
	}
	c.Get("/vars").WantStatus(200)
	c.Get("/api/v1/none").WantJSON(404, map[string]any{"errors": map[string]any{"detail": "Not Found"}})
	c.Delete("/api/v1/users").WantStatus(405).WantHeader("Allow", "GET, HEAD, OPTIONS, POST")
	c.Options("/api/v1/users").WantStatus(204).WantHeader("Allow", "GET, HEAD, OPTIONS, POST")
	c.Get("/api/v1/users").WantJSON(200, map[string]string{
		"first": "/api/v1/users/7", "next": "/api/v1/users?page=2&q=a%26b", "mail": "https://shop.example/api/v1/users/7/posts/a%2Fb",
	})
	c.SetHost("ada.shop.example")
	c.Get("/").WantText(200, "the shop of ada")
}

// The table has no route that another one takes requests from, and its paths were generated after it was last changed.
func TestTable(t *testing.T) {
	parts, err := build(Config{Addr: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range parts.Endpoint.Warnings() {
		t.Error(w)
	}
	var want bytes.Buffer
	if err := router.WriteGo(&want, "paths", parts.Endpoint.Routes()); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("paths/paths.go")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want.Bytes()) {
		t.Error("paths/paths.go is old: run go generate")
	}
}

// The command routes, as go run ./docs/guides/code/routing routes prints it.
func Example() {
	app.App[Config]{Name: "shop", Build: build}.Run(context.Background(), []string{"routes"}, os.Stdout, os.Stderr)
	// Output:
	// GET    {tenant}.shop.example/              routing.tenantHome
	//        Home  GET    /                                   routing.home
	//        File  GET    /files/{path...}                    routing.file
	//     Profile  GET    /profile                            routing.showProfile
	//     Profile  PATCH  /profile                            routing.updateProfile
	//     Profile  PUT    /profile                            routing.updateProfile
	//     V1Users  GET    /api/v1/users                       routing.listUsers
	//      V1User  GET    /api/v1/users/{id}                  routing.showUser
	//     V1Users  POST   /api/v1/users                       routing.createUser
	// V1UserPosts  GET    /api/v1/users/{user_id}/posts       routing.listPosts
	//  V1UserPost  GET    /api/v1/users/{user_id}/posts/{id}  routing.showPost
	//      V2User  GET    /api/v2/users/{id}                  routing.showUserV2
	//              *      /vars                               expvar.expvarHandler
}
