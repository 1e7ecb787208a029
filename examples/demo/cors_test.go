package main

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bennu-go/bennu/endpoint"
	"github.com/bennu-go/bennu/examples/demo/accounts"
	"github.com/bennu-go/bennu/examples/demo/web"
	"github.com/bennu-go/bennu/internal/browser"
	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/pubsub"
	"github.com/bennu-go/bennu/session"
	"github.com/bennu-go/bennu/token"
)

// site serves an empty page of a site of its own.
func site(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.Write([]byte("<!doctype html><title>another site</title>"))
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// TestOtherSites has pages of two other sites ask the API in a browser: one that is listed, and one that is not. What the browser lets them see is what counts.
func TestOtherSites(t *testing.T) {
	t.Parallel()
	friend, stranger := site(t), site(t)
	sys := proc.NewSystem(proc.Config{})
	t.Cleanup(sys.Close)
	ps := pubsub.New(pubsub.Config{System: sys})
	secrets := token.Secrets{token.GenerateSecret()}
	d := web.Deps{ // without Tokens: asking for a guest's panics, which is answered with 500
		Accounts: accounts.New(accounts.Config{System: sys, PubSub: ps, HashMemory: 16}), Avatars: accounts.NewAvatars(),
		Sessions: session.NewCookieStore(session.Config{Secrets: secrets, EncryptionSalt: "test"}), Assets: os.DirFS("assets"), Origins: []string{friend},
	}
	ep := endpoint.New(endpoint.Config{System: sys, PubSub: ps, Secrets: secrets, Handler: web.Router(d),
		Errors: endpoint.Errors(endpoint.ErrorsConfig{Answers: web.Answers()}), Logger: slog.New(slog.DiscardHandler)})
	api := httptest.NewServer(ep.Handler())
	t.Cleanup(api.Close)

	const script = `(async () => {
		const api = "API/api/v1"
		const json = {"content-type": "application/json"}
		const said = []
		const ask = async (what, path, options) => {
			try {
				const r = await fetch(api + path, options)
				said.push([what, r.status, r.headers.get("location") ?? "", (await r.text()).slice(0, 40)].join(" ").trim())
			} catch (e) {
				said.push(what + " " + e.name)
			}
		}
		await ask("nobody", "/users")
		await ask("a wrong token, after a preflight", "/users/1", {headers: {authorization: "Bearer x"}})
		await ask("no route", "/nothing", {method: "DELETE"})
		await ask("another method", "/users/1", {method: "POST", headers: json})
		await ask("a panic", "/guests", {method: "POST", headers: json, body: '{"name": "Eve"}'})
		await ask("no JSON", "/users", {method: "POST", headers: json, body: "{"})
		await ask("done", "/users", {method: "POST", headers: json, body: '{"user": {"name": "NAME", "email": "NAME@example.com", "password": "long enough"}}'})
		await ask("a header that is not allowed", "/users", {headers: {"x-other": "1"}})
		await ask("with cookies", "/users", {credentials: "include"})
		await ask("a page", "/../../session")
		return said
	})()`
	b := browser.Start(t, browser.Config{})
	ask := func(origin, name string) []string {
		w := b.Window(browser.WindowConfig{Name: name})
		w.Open(origin)
		return browser.Eval[[]string](w, strings.NewReplacer("API", api.URL, "NAME", name).Replace(script))
	}
	for _, tc := range []struct {
		name, origin string
		want         []string
	}{
		{"friend", friend, []string{
			`nobody 401  {"errors":{"detail":"not logged in"}}`,
			`a wrong token, after a preflight 401  {"errors":{"detail":"token not accepted"`,
			`no route 404  {"errors":{"detail":"Not Found"}}`,
			`another method 405  {"errors":{"detail":"Method Not Allowed"`,
			`a panic 500  {"errors":{"detail":"Internal Server Err`,
			`no JSON 400  {"errors":{"detail":"the JSON does not d`,
			`done 201 /api/v1/users/1 {"data":{"id":1,"name":"friend","email":`,
			`a header that is not allowed TypeError`,
			`with cookies TypeError`,
			`a page TypeError`,
		}},
		{"stranger", stranger, []string{
			"nobody TypeError", "a wrong token, after a preflight TypeError", "no route TypeError", "another method TypeError", "a panic TypeError", "no JSON TypeError",
			"done TypeError", "a header that is not allowed TypeError", "with cookies TypeError", "a page TypeError",
		}},
	} {
		if diff := cmp.Diff(tc.want, ask(tc.origin, tc.name)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.name, diff)
		}
	}
	if _, total := d.Accounts.List(1, 1); total != 1 {
		t.Errorf("%d users were made, want that of the friend only", total)
	}
}
