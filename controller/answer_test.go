package controller

import (
	"context"
	"errors"
	"html/template"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/bennu-go/bennu/internal/race"
)

type page struct {
	Items []string       `json:"items"`
	Meta  map[string]int `json:"meta"`
}

func TestAnswers(t *testing.T) {
	tpl := template.Must(template.New("a").Parse(`<b>{{.}}</b>{{define "other"}}<i>{{.}}</i>{{end}}`))
	for _, c := range []struct {
		name   string
		action func(w http.ResponseWriter, r *http.Request) error
		status int
		typ    string
		body   string
	}{
		{"json, with nil as empty", func(w http.ResponseWriter, r *http.Request) error { return JSON(w, 201, page{}) },
			201, "application/json; charset=utf-8", `{"items":[],"meta":{}}`},
		{"json keeps a type that was set", func(w http.ResponseWriter, r *http.Request) error {
			w.Header().Set("Content-Type", "application/vnd.api+json")
			return JSON(w, 200, 1)
		}, 200, "application/vnd.api+json", `1`},
		{"text", func(w http.ResponseWriter, r *http.Request) error { return Text(w, 200, "hi <b>") }, 200, "text/plain; charset=utf-8", "hi <b>"},
		{"html/template escapes", func(w http.ResponseWriter, r *http.Request) error { return HTML(w, r, 200, Template(tpl, "", "<x>")) },
			200, "text/html; charset=utf-8", "<b>&lt;x&gt;</b>"},
		{"an associated template", func(w http.ResponseWriter, r *http.Request) error { return HTML(w, r, 404, Template(tpl, "other", 1)) },
			404, "text/html; charset=utf-8", "<i>1</i>"},
		{"no content", func(w http.ResponseWriter, r *http.Request) error { return NoContent(w) }, 204, "", ""},
		{"created", func(w http.ResponseWriter, r *http.Request) error { return Created(w, "/users/ü\r\nX: y", 7) },
			201, "application/json; charset=utf-8", "7"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, err := run(get("/"), c.action)
			if err != nil {
				t.Fatal(err)
			}
			want(t, w, c.status, c.typ, c.body)
			if c.name == "created" && w.Header().Get("Location") != "/users/%C3%BC%0D%0AX:%20y" {
				t.Errorf("got location %q", w.Header().Get("Location"))
			}
		})
	}
}

func TestWhatFailsToRenderSendsNothing(t *testing.T) {
	broken := ComponentFunc(func(_ context.Context, w io.Writer) error {
		io.WriteString(w, "half")
		return errors.New("broken")
	})
	for name, action := range map[string]func(w http.ResponseWriter, r *http.Request) error{
		"html":    func(w http.ResponseWriter, r *http.Request) error { return HTML(w, r, 200, broken) },
		"json":    func(w http.ResponseWriter, r *http.Request) error { return JSON(w, 200, make(chan int)) },
		"created": func(w http.ResponseWriter, r *http.Request) error { return Created(w, "/", make(chan int)) },
		"view": func(w http.ResponseWriter, r *http.Request) error {
			return Render(w, r, 200, View[int]{HTML: func(*http.Request, int) Component { return broken }}, 1)
		},
	} {
		w, err := run(get("/"), action)
		if err == nil || w.Body.Len() > 0 || len(w.Header()) > 0 {
			t.Errorf("%s: got error %v, body %q, header %v", name, err, w.Body, w.Header())
		}
	}
}

func TestStatusText(t *testing.T) {
	for status, text := range map[int]string{404: "Not Found", 422: "Unprocessable Entity", 499: "Error 499"} {
		if got := StatusText(status); got != text {
			t.Errorf("got %q, want %q", got, text)
		}
	}
}

type bare struct{ h http.Header }

func (b *bare) Header() http.Header         { return b.h }
func (b *bare) WriteHeader(int)             {}
func (b *bare) Write(p []byte) (int, error) { return len(p), nil }

func TestJSONAllocates(t *testing.T) {
	w := &bare{http.Header{}}
	v := &struct {
		ID   int    `json:"id"`
		Name string `json:"name"`
	}{1, "Ada"}
	n := testing.AllocsPerRun(200, func() {
		clear(w.h)
		if err := JSON(w, 200, v); err != nil {
			t.Fatal(err)
		}
	})
	if n > 2 && !race.Enabled { // the body, the value of the header
		t.Errorf("got %v allocations, want 2", n)
	}
}

func BenchmarkJSON(b *testing.B) {
	b.ReportAllocs()
	v := &struct {
		ID   int    `json:"id"`
		Name string `json:"name"`
	}{1, "Ada"}
	w := &bare{http.Header{}}
	for b.Loop() {
		clear(w.h)
		if err := JSON(w, 200, v); err != nil {
			b.Fatal(err)
		}
	}
}

func TestHEADAnswersNoBody(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := JSON(w, 200, page{}); err != nil {
			t.Error(err)
		}
	}))
	defer srv.Close()
	resp, err := srv.Client().Head(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != 200 || resp.ContentLength != 22 {
		t.Errorf("got %d, %d bytes", resp.StatusCode, resp.ContentLength)
	}
	srv.Client().CloseIdleConnections()
}
