package failures

import (
	"bytes"
	"database/sql"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bennu-go/bennu/conntest"
	"github.com/bennu-go/bennu/controller"
	"github.com/bennu-go/bennu/param"
)

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
			c := conntest.New(t, Handler(failing{tt.err}, slog.New(slog.NewTextHandler(&log, nil))))
			c.SetHeader("Accept", "application/json")
			c.Get("/rooms/1").WantJSON(tt.status, tt.want)
			if logged := strings.Contains(log.String(), "finding room 1"); logged != (tt.status == 500) {
				t.Errorf("got log %q", &log)
			}
		})
	}
}

func TestErrorsOfClients(t *testing.T) {
	c := conntest.New(t, Handler(failing{}, slog.New(slog.DiscardHandler)))
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
	c := conntest.New(t, Handler(failing{controller.ErrNotFound}, slog.New(slog.DiscardHandler)))
	c.SetHeader("Accept", "text/html")
	c.Get("/rooms/1").WantHTML(404, "<h1>Not Found</h1>")
	c.Get("/none").WantHTML(404, "<h1>Not Found</h1>")
	c.SetHeader("Accept", "image/png")
	c.Get("/rooms/1").WantStatus(406)
}

func TestRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := conntest.New(t, Handler(failing{&PausedError{Until: time.Now().Add(30 * time.Second)}}, slog.New(slog.DiscardHandler)))
		c.Get("/rooms/1").WantStatus(503).WantHeader("Retry-After", "30")
	})
}
