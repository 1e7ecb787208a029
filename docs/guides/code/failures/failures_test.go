package failures

import (
	"bytes"
	"database/sql"
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bennu-go/bennu/conntest"
	"github.com/bennu-go/bennu/controller"
	"github.com/bennu-go/bennu/param"
	"github.com/bennu-go/bennu/plug"
	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/pubsub"
)

// app is the application around rooms that fail.
func app(t *testing.T, rooms Rooms, log io.Writer) *conntest.Client {
	sys := proc.NewSystem(proc.Config{})
	ep := Endpoint(sys, pubsub.New(pubsub.Config{System: sys}), rooms, slog.New(slog.NewTextHandler(log, nil)), false)
	return conntest.New(t, ep.Handler())
}

type failing struct{ err error }

func (f failing) Find(string) (string, error)   { return "lobby", f.err }
func (f failing) Create(string) (string, error) { return "7", f.err }

func TestErrorsHaveOneShape(t *testing.T) {
	detail := func(s string) any { return map[string]any{"errors": map[string]any{"detail": s}} }
	for _, tt := range []struct {
		name   string
		err    error
		status int
		want   any
	}{
		{"a sentinel", controller.ErrForbidden, 403, detail("Forbidden")},
		{"of another package", sql.ErrNoRows, 404, detail("Not Found")},
		{"with a detail", &controller.Error{Status: 409, Detail: "the room is full"}, 409, detail("the room is full")},
		{"ours", errors.New("password=hunter2"), 500, detail("Internal Server Error")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var log bytes.Buffer
			c := app(t, failing{tt.err}, &log)
			c.SetHeader("Accept", "application/json")
			c.Get("/rooms/1").WantJSON(tt.status, tt.want)
			want := 0
			if plug.Status(tt.err) >= 500 {
				want = 1
			}
			if lines := strings.Count(log.String(), "finding room 1"); lines != want {
				t.Errorf("got %d lines, want %d: %s", lines, want, &log)
			}
		})
	}
}

func TestErrorsOfClients(t *testing.T) {
	c := app(t, failing{}, io.Discard)
	c.SetHeader("Accept", "application/json")
	field := func(name, reason string) any {
		return map[string]any{"errors": map[string]any{name: []any{reason}}}
	}
	c.Post("/rooms", conntest.Form(param.Map{"room": param.Map{"name": ""}})).WantJSON(422, field("name", "is required"))
	c.Post("/rooms", conntest.Form(param.Map{"room": param.Map{"name": "x", "size": "big"}})).WantJSON(422, field("size", "must be a whole number"))
	c.Post("/rooms", conntest.Form(param.Map{"room": param.Map{"name": strings.Repeat("x", 21)}})).WantJSON(422, field("name", "should be at most 20 characters"))
	c.Post("/rooms", conntest.Body{ContentType: "application/json", Content: []byte("{")}).WantStatus(400)
	c.Get("/none").WantStatus(404)
	c.Delete("/rooms/1").WantStatus(405).WantHeader("Allow", "GET, HEAD, OPTIONS")
	c.Post("/rooms", conntest.JSON(map[string]any{"room": map[string]any{"name": "den", "size": 3}})).WantHeader("Location", "/rooms/7").WantJSON(201, map[string]any{"id": "7"})
}

func TestErrorPages(t *testing.T) {
	c := app(t, failing{controller.ErrNotFound}, io.Discard)
	c.SetHeader("Accept", "text/html")
	c.Get("/rooms/1").WantHTML(404, "<h1>Not Found</h1>")
	c.Get("/none").WantHTML(404, "<h1>Not Found</h1>")
	c.SetHeader("Accept", "image/png")
	c.Get("/rooms/1").WantStatus(406)
}

func TestRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := app(t, failing{&PausedError{Until: time.Now().Add(30 * time.Second)}}, io.Discard)
		c.Get("/rooms/1").WantStatus(503).WantHeader("Retry-After", "30")
	})
}

type panicking struct{ Rooms }

func TestPanic(t *testing.T) {
	var log bytes.Buffer
	c := app(t, panicking{}, &log)
	c.SetHeader("Accept", "application/json")
	c.Get("/rooms/1").WantJSON(500, map[string]any{"errors": map[string]any{"detail": "Internal Server Error"}})
	if got := log.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "nil pointer") || !strings.Contains(got, "failures.go") {
		t.Errorf("got log %s, want one line with the stack", got)
	}
}

func TestDebugPage(t *testing.T) {
	sys := proc.NewSystem(proc.Config{})
	ep := Endpoint(sys, pubsub.New(pubsub.Config{System: sys}), panicking{}, slog.New(slog.DiscardHandler), true)
	c := conntest.New(t, ep.Handler())
	c.SetHeader("Accept", "text/html")
	c.Get("/none").WantHTML(404, "/rooms/{id}") // the table of routes
	secret := strings.Repeat("hunter", 2)       // not as it stands in this file, which the page shows
	if page := c.Get("/rooms/1?password="+secret).WantHTML(500, "nil pointer", "rooms.Find"); strings.Contains(page, secret) {
		t.Error("the page shows a password")
	}
}
