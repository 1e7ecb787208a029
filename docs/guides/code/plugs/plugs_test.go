package plugs

import (
	"bytes"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/bennu-go/bennu/conntest"
	"github.com/bennu-go/bennu/param"
	"github.com/bennu-go/bennu/plug"
	"github.com/bennu-go/bennu/proc"
	"github.com/bennu-go/bennu/pubsub"
	"github.com/bennu-go/bennu/session"
	"github.com/bennu-go/bennu/token"
)

func site(log *bytes.Buffer) http.Handler {
	sys := proc.NewSystem(proc.Config{})
	return Endpoint(Config{
		System: sys, PubSub: pubsub.New(pubsub.Config{System: sys}),
		Assets:   fstest.MapFS{"app.css": {Data: []byte("body{}")}},
		Sessions: session.NewCookieStore(session.Config{Secrets: token.Secrets{strings.Repeat("s", 64)}}),
		Logger:   slog.New(slog.NewTextHandler(log, nil)),
	}).Handler()
}

func TestEndpoint(t *testing.T) {
	var log bytes.Buffer
	c := conntest.New(t, site(&log))
	c.Get("/assets/app.css").WantStatus(200).WantHeader("Content-Type", "text/css; charset=utf-8")
	if log.Len() > 0 {
		t.Errorf("a file is logged: %s", &log)
	}
	c.Get("/").WantText(200, "Hello")
	if line := log.String(); !strings.Contains(line, "path=/") || !strings.Contains(line, "status=200") || !strings.Contains(line, "request_id=") {
		t.Errorf("got %q", line)
	}
	if r := c.Post("/greeting", conntest.Form(param.Map{"_method": "put", "greeting": "Salut"})); r.RedirectedTo(303) != "/" || r.Flash("info") != "Changed." {
		t.Errorf("got %s", r)
	}
	c.Get("/").WantText(200, "Salut")
}

func TestLocale(t *testing.T) {
	for path, want := range map[string]string{"/": "en", "/?locale=de": "de", "/?locale=xx": "en", "/?locale[]=de": "en"} {
		if r := conntest.New(t, http.NotFoundHandler()).Through(path, Locale("en", "de")); LocaleOf(r.Request) != want {
			t.Errorf("%s: got %q, want %q", path, LocaleOf(r.Request), want)
		}
	}
}

func TestRequireVersion(t *testing.T) {
	var log bytes.Buffer
	c := conntest.New(t, site(&log))
	c.Get("/api/status").WantJSON(400, map[string]any{"errors": map[string]any{"detail": "send the header Api-Version: 2"}})
	c.SetHeader("Api-Version", "2")
	c.Get("/api/status").WantHeader("RateLimit-Remaining", "99").WantJSON(200, map[string]any{"ok": true})
}

// What the router answers itself, and what plugs refuse, has the header that lets pages of other sites read it.
func TestCORSOnRefusals(t *testing.T) {
	var log bytes.Buffer
	c := conntest.New(t, site(&log))
	c.SetHeader("Origin", "https://app.example.com")
	for path, status := range map[string]int{"/api/status": 400, "/api/none": 404} {
		c.Get(path).WantStatus(status).WantHeader("Access-Control-Allow-Origin", "https://app.example.com")
	}
	c.Post("/api/status", conntest.Body{}).WantStatus(405).WantHeader("Access-Control-Allow-Origin", "https://app.example.com")
}

// A middleware of any other package is a plug.
func TestPlugsOfOthers(t *testing.T) {
	h := plug.Pipeline(
		func(next http.Handler) http.Handler { return http.MaxBytesHandler(next, 10) },
		plug.RequestID(),
		func(next http.Handler) http.Handler { return http.StripPrefix("/site", next) },
	)(http.NotFoundHandler())
	conntest.New(t, h).Get("/site/x").WantStatus(404)
}

// An upload of a client that encodes its name, in a form of mixed parts.
func TestUploadNames(t *testing.T) {
	form := "--x\r\nContent-Disposition: form-data; name=f; filename*=utf-8''%e2%82%ac.txt\r\nContent-Type: text/plain\r\n\r\nabc\r\n--x--\r\n"
	h := plug.Parsers(plug.ParsersConfig{TempDir: t.TempDir()})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if f, err := param.Of(r).File("f"); err != nil || f.Filename != "€.txt" || f.ContentType != "text/plain" || f.Size != 3 {
			t.Errorf("got %+v, %v", f, err)
		}
	}))
	conntest.New(t, h).Post("/", conntest.Body{ContentType: "multipart/mixed; boundary=x", Content: []byte(form)}).WantStatus(200)
}
