package pages

import (
	"context"
	"errors"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bennu-go/bennu/conntest"
	"github.com/bennu-go/bennu/controller"
	"github.com/bennu-go/bennu/param"
	"github.com/bennu-go/bennu/plug"
	"github.com/bennu-go/bennu/router"
	"github.com/bennu-go/bennu/session"
	"github.com/bennu-go/bennu/token"
)

// den is a Chat with one room, "a/b".
type den struct {
	name  string
	photo []byte
}

func (d *den) Room(id string) (Room, error) {
	if id != "a/b" {
		return Room{}, controller.ErrNotFound
	}
	return Room{ID: id, Name: d.name}, nil
}

func (d *den) Rename(id, name string) (Room, error) {
	d.name = name
	return d.Room(id)
}

func (d *den) SetPhoto(_ string, photo io.Reader) (err error) {
	d.photo, err = io.ReadAll(photo)
	return err
}

func (d *den) Photo(string) ([]byte, error) { return d.photo, nil }

func (d *den) Export(_ string, line func(from, body string) error) error {
	return errors.Join(line("ada", "hi, all"), line("bob", "hi"))
}

func app(t *testing.T) *conntest.Client {
	sessions := session.NewCookieStore(session.Config{Secrets: token.Secrets{strings.Repeat("s", 64)}})
	c := conntest.New(t, plug.Pipeline(plug.Parsers(), plug.MethodOverride())(Routes(&den{name: "Den"}, sessions)))
	c.SetHeader("Accept", "text/html")
	c.CheckCSRF()
	return c
}

func TestRename(t *testing.T) {
	c := app(t)
	page := c.Get("/rooms/a%2Fb").WantHTML(200, "<title>Chat</title>", "<h1>Den</h1>")
	csrf := regexp.MustCompile(`_csrf_token" value="([^"]+)`).FindStringSubmatch(page)[1]
	r := c.Post("/rooms/a%2Fb", conntest.Form(param.Map{"_csrf_token": csrf, "_method": "put", "room": param.Map{"name": "<Lounge>"}}))
	r.WantStatus(303).WantHeader("Location", "/rooms/a%2Fb")
	r.Follow().WantHTML(200, "The room is now called &lt;Lounge&gt;.", "<h1>&lt;Lounge&gt;</h1>")
	c.Put("/rooms/a%2Fb", conntest.Form(param.Map{"_csrf_token": csrf, "room": param.Map{"name": ""}})).WantError(422, nil)
}

func TestFormats(t *testing.T) {
	c := app(t)
	c.SetHeader("Accept", "application/json")
	c.Get("/rooms/a%2Fb").WantJSON(200, map[string]any{"data": map[string]any{"id": "a/b", "name": "Den"}})
	c.Get("/rooms/c").WantJSON(404, map[string]any{"errors": map[string]any{"detail": "Not Found"}})
	if got := c.Get("/rooms/a%2Fb?_format=csv").WantStatus(200).Body; got != "a/b,Den\n" {
		t.Errorf("got %q", got)
	}
	c.SetHeader("Accept", "image/png")
	c.Get("/rooms/a%2Fb").WantStatus(406)
}

func TestPhoto(t *testing.T) {
	c := app(t)
	csrf := regexp.MustCompile(`_csrf_token" value="([^"]+)`).FindStringSubmatch(c.Get("/rooms/a%2Fb").Body)[1]
	png := "\x89PNG\r\n\x1a\n0123456789"
	c.Put("/rooms/1/photo", conntest.Multipart(param.Map{"_csrf_token": csrf}, conntest.File{Field: "photo", Name: "me.png", Content: []byte(png)})).WantStatus(204)
	if r := c.Get("/rooms/1/photo").WantStatus(200).WantHeader("Content-Type", "image/png").WantHeader("Content-Disposition", `inline; filename="photo.png"`); r.Body != png {
		t.Errorf("got %q", r.Body)
	}
	c.SetHeader("Range", "bytes=8-11")
	if r := c.Get("/rooms/1/photo").WantStatus(206); r.Body != "0123" {
		t.Errorf("got %q", r.Body)
	}
}

func TestStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := app(t)
		if got := c.Get("/rooms/1/export").WantStatus(200).Body; got != "ada,\"hi, all\"\nbob,hi\n" {
			t.Errorf("got %q", got)
		}
		ctx, leave := context.WithTimeout(t.Context(), 2500*time.Millisecond)
		defer leave()
		c.SetHeader("Accept", "text/event-stream, text/html")
		r := c.Do(c.Request("GET", "/rooms/1/clock", conntest.Body{}).WithContext(ctx))
		if r.WantStatus(200); strings.Count(r.Body, "event: tick\n") != 2 {
			t.Errorf("got %q", r.Body)
		}
	})
}

// A type that was set before stays.
func TestContentTypeThatWasSet(t *testing.T) {
	routes := router.New(func(r *router.Scope) {
		r.Get("/", func(w http.ResponseWriter, r *http.Request) error {
			w.Header().Set("Content-Type", "application/vnd.api+json")
			return controller.JSON(w, http.StatusOK, 1)
		})
	})
	conntest.New(t, routes).Get("/").WantStatus(200).WantHeader("Content-Type", "application/vnd.api+json")
}
