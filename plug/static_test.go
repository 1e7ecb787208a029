package plug

import (
	"bytes"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/bennu-go/bennu/internal/race"
)

var (
	fileTime = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	content  = strings.Repeat("0123456789", 50)
)

func files() fstest.MapFS {
	f := func(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s), ModTime: fileTime} }
	return fstest.MapFS{
		"app.css": f(content), "app.css.br": f("brotli"), "app.css.gz": f("gzip"), "css/a b.css": f("spaced"), "plain.txt": f(content), "unknown.xyz": f("x"),
		".env": f("secret"), "css/.git/config": f("secret"), ".well-known/security.txt": f("contact"), "favicon-1.ico": f("icon"), "noext": f("n"), "a:b.txt": f("colon"),
	}
}

// get asks a Static for a path; what it leaves to the next handler is a 418.
func get(cfg StaticConfig, method, target string, header ...string) *httptest.ResponseRecorder {
	rec, r := httptest.NewRecorder(), httptest.NewRequest(method, target, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	Static(cfg)(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(418) })).ServeHTTP(rec, r)
	return rec
}

func TestStaticPaths(t *testing.T) {
	for _, tt := range []struct {
		target string
		cfg    StaticConfig
		want   int
	}{
		{"/app.css", StaticConfig{}, 200}, {"/css/a%20b.css", StaticConfig{}, 200}, {"/css//a%20b.css", StaticConfig{}, 200}, {"/a:b.txt", StaticConfig{}, 200},
		{"/%61pp.css", StaticConfig{}, 200}, {"/none", StaticConfig{}, 418}, {"/", StaticConfig{}, 418}, {"/css", StaticConfig{}, 418}, {"/css/", StaticConfig{}, 418},
		{"/assets/app.css", StaticConfig{At: "/assets"}, 200}, {"/assets/app.css", StaticConfig{At: "/assets/"}, 200}, {"/assetsapp.css", StaticConfig{At: "/assets"}, 418},
		{"/app.css", StaticConfig{At: "/assets"}, 418}, {"/assets", StaticConfig{At: "/assets"}, 418},
		{"/app.css", StaticConfig{Only: []string{"css"}}, 418}, {"/css/a%20b.css", StaticConfig{Only: []string{"css"}}, 200},
		{"/favicon-1.ico", StaticConfig{OnlyMatching: []string{"favicon"}}, 200}, {"/x/../app.css", StaticConfig{Only: []string{"css"}}, 418},
		{"/.env", StaticConfig{}, 418}, {"/css/.git/config", StaticConfig{}, 418}, {"/.well-known/security.txt", StaticConfig{}, 200}, {"/.env", StaticConfig{Dotfiles: true}, 200}, {"/%2eenv", StaticConfig{}, 418},
		// What leads elsewhere.
		{"/../app.css", StaticConfig{}, 400}, {"/css/../app.css", StaticConfig{}, 400}, {"/css/%2e%2e/app.css", StaticConfig{}, 400}, {"/css/%2E%2E%2Fapp.css", StaticConfig{}, 400},
		{"/./app.css", StaticConfig{}, 400}, {"/css%2fa%20b.css", StaticConfig{}, 400}, {"/css%5ca.css", StaticConfig{}, 400}, {"/..%5c..%5capp.css", StaticConfig{}, 400},
		{"/app.css%00", StaticConfig{}, 400}, {"/app.css%00.txt", StaticConfig{}, 400}, {"/%c0%ae%c0%ae/app.css", StaticConfig{}, 418}, {"/%252e%252e/app.css", StaticConfig{}, 418},
	} {
		tt.cfg.FS = files()
		if rec := get(tt.cfg, "GET", tt.target); rec.Code != tt.want {
			t.Errorf("%s with %+v: got %d, want %d", tt.target, tt.cfg.At, rec.Code, tt.want)
		}
	}
	for _, method := range []string{"POST", "PUT", "OPTIONS", "DELETE"} {
		if rec := get(StaticConfig{FS: files()}, method, "/app.css"); rec.Code != 418 {
			t.Errorf("%s: got %d", method, rec.Code)
		}
	}
}

func TestStaticHeaders(t *testing.T) {
	cfg := StaticConfig{FS: files(), Headers: map[string]string{"content-security-policy": "default-src 'none'"}, ContentTypes: map[string]string{"noext": "text/plain"}}
	rec := get(cfg, "GET", "/app.css")
	h := rec.Header()
	tag := h.Get("Etag")
	if len(tag) != 24 || h.Get("Cache-Control") != "public" || h.Get("Content-Type") != "text/css; charset=utf-8" || h.Get("Vary") != "Accept-Encoding" ||
		h.Get("Content-Security-Policy") != "default-src 'none'" || h.Get("Accept-Ranges") != "bytes" || h.Get("Content-Length") != "500" || rec.Body.String() != content {
		t.Errorf("got %d %v", rec.Code, h)
	}
	if h := get(cfg, "GET", "/app.css?vsn=d").Header(); h.Get("Cache-Control") != "public, max-age=31536000, immutable" || h.Get("Etag") != "" {
		t.Errorf("digested: got %v", h)
	}
	if rec := get(cfg, "HEAD", "/app.css"); rec.Body.Len() != 0 || rec.Header().Get("Content-Length") != "500" {
		t.Errorf("HEAD: got %d bytes, %v", rec.Body.Len(), rec.Header())
	}
	if got := get(cfg, "GET", "/noext").Header().Get("Content-Type"); got != "text/plain" {
		t.Errorf("own type: got %q", got)
	}
	if got := get(cfg, "GET", "/unknown.xyz").Header().Get("Content-Type"); got != "application/octet-stream" {
		t.Errorf("unknown type: got %q", got)
	}
	for _, tt := range []struct {
		header []string
		want   int
	}{
		{[]string{"If-None-Match", tag}, 304}, {[]string{"If-None-Match", `"x", W/` + tag}, 304}, {[]string{"If-None-Match", "*"}, 304}, {[]string{"If-None-Match", `"x"`}, 200},
		{[]string{"If-Modified-Since", fileTime.Format(http.TimeFormat)}, 304}, {[]string{"If-Modified-Since", fileTime.Add(-time.Second).Format(http.TimeFormat)}, 200},
		{[]string{"Range", "bytes=0-9"}, 206}, {[]string{"Range", "bytes=-5"}, 206}, {[]string{"Range", "bytes=600-"}, 416}, {[]string{"Range", "lines=1"}, 416},
		{[]string{"Range", "bytes=0-9", "If-Range", tag}, 206}, {[]string{"Range", "bytes=0-9", "If-Range", `"x"`}, 200}, {[]string{"Range", "bytes=0-1,4-5"}, 206},
		{[]string{"If-Match", `"x"`}, 412},
	} {
		if rec := get(cfg, "GET", "/app.css", tt.header...); rec.Code != tt.want {
			t.Errorf("%v: got %d, want %d", tt.header, rec.Code, tt.want)
		}
	}
}

func TestStaticEncodings(t *testing.T) {
	cfg := StaticConfig{FS: files()}
	for accept, want := range map[string]string{
		"": "", "br": "br", "gzip": "gzip", "gzip, br": "br", "br;q=0.5, gzip": "gzip", "br;q=0, gzip": "gzip", "*": "br", "*;q=0": "", "zstd": "", "identity": "",
		"identity, br;q=0.5": "", "gzip;q=x": "", "BR": "br", "x-gzip": "gzip", "gzip;q=0.1": "gzip", "br;q=2": "", "deflate": "",
	} {
		rec := get(cfg, "GET", "/app.css", "Accept-Encoding", accept)
		body := map[string]string{"": content, "br": "brotli", "gzip": "gzip"}[want]
		if h := rec.Header(); h.Get("Content-Encoding") != want || rec.Body.String() != body || h.Get("Content-Type") != "text/css; charset=utf-8" {
			t.Errorf("%q: got %v", accept, h)
		}
	}
	tags := map[string]bool{}
	for _, accept := range []string{"br", "gzip", ""} {
		rec := get(cfg, "GET", "/app.css", "Accept-Encoding", accept)
		tag := rec.Header().Get("Etag")
		tags[tag] = true
		if rec := get(cfg, "GET", "/app.css", "Accept-Encoding", accept, "If-None-Match", tag); rec.Code != 304 {
			t.Errorf("%q: got %d for its own tag", accept, rec.Code)
		}
	}
	if len(tags) != 3 {
		t.Errorf("forms share tags: %v", tags)
	}
	if rec := get(cfg, "GET", "/app.css", "Accept-Encoding", "br", "Range", "bytes=0-1"); rec.Header().Get("Content-Encoding") != "" || rec.Body.String() != "01" {
		t.Errorf("a range of a compressed form: %v", rec.Header())
	}
	if h := get(StaticConfig{FS: files(), Encodings: []string{}}, "GET", "/app.css", "Accept-Encoding", "br").Header(); h.Get("Content-Encoding") != "" || h.Get("Vary") != "" {
		t.Errorf("without encodings: %v", h)
	}
}

func TestStaticChanges(t *testing.T) {
	dir := t.TempDir()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	name := filepath.Join(dir, "a.txt")
	h := Static(StaticConfig{FS: root.FS()})(http.NotFoundHandler())
	ask := func(content string, at time.Time) string {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(name, at, at); err != nil {
			t.Fatal(err)
		}
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, httptest.NewRequest("GET", "/a.txt", nil))
		if rec.Body.String() != content {
			t.Errorf("got %q, want %q", rec.Body, content)
		}
		return rec.Header().Get("Etag")
	}
	first := ask("one", fileTime)
	if second := ask("two", fileTime.Add(time.Second)); second == first {
		t.Error("another content has the same tag")
	}
	if third := ask("one", fileTime.Add(2*time.Second)); third != first {
		t.Error("the same content has another tag")
	}
}

// noSeek is a file system whose files are only read, as those of an archive are.
type noSeek struct{ fs.FS }

type onlyFile struct{ fs.File }

func (n noSeek) Open(name string) (fs.File, error) {
	f, err := n.FS.Open(name)
	if err != nil {
		return nil, err
	}
	return onlyFile{f}, nil
}

// FuzzStaticRange compares with http.ServeContent, whose answers ours are to be.
func FuzzStaticRange(f *testing.F) {
	for _, s := range []string{"bytes=0-0", "bytes=-1", "bytes=499-", "bytes=500-", "bytes=5-1", "bytes=0-1,3-4", "bytes=0-,0-", "bytes", "bytes=-0", "bytes=18446744073709551616-"} {
		f.Add(s, "", "")
	}
	f.Add("bytes=1-2", `"x"`, "Fri, 02 Jan 2026 03:04:05 GMT")
	seek, unseek := StaticConfig{FS: files()}, StaticConfig{FS: noSeek{files()}}
	f.Fuzz(func(t *testing.T, ranges, ifNoneMatch, ifRange string) {
		header := []string{"Range", ranges, "If-None-Match", ifNoneMatch, "If-Range", ifRange}
		got := get(seek, "GET", "/plain.txt", header...)
		want, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/plain.txt", nil)
		for i := 0; i < len(header); i += 2 {
			r.Header.Add(header[i], header[i+1])
		}
		want.Header().Set("Content-Type", "text/plain; charset=utf-8")
		want.Header().Set("Etag", get(seek, "GET", "/plain.txt").Header().Get("Etag"))
		http.ServeContent(want, r, "", fileTime, strings.NewReader(content))
		if got.Code != want.Code || got.Header().Get("Content-Range") != want.Header().Get("Content-Range") {
			t.Fatalf("%q: got %d %v, want %d %v", header, got.Code, got.Header(), want.Code, want.Header())
		}
		multi := strings.HasPrefix(want.Header().Get("Content-Type"), "multipart/")
		if !multi && !bytes.Equal(got.Body.Bytes(), want.Body.Bytes()) {
			t.Fatalf("%q: got another body", header)
		}
		if read := get(unseek, "GET", "/plain.txt", header...); !multi && (read.Code != got.Code || !bytes.Equal(read.Body.Bytes(), got.Body.Bytes())) {
			t.Fatalf("%q: a file that is only read: got %d %q", header, read.Code, read.Body)
		}
	})
}

func TestStaticConfig(t *testing.T) {
	mustPanic(t, "without FS", func() { Static(StaticConfig{}) })
	mustPanic(t, `write "/a"`, func() { Static(StaticConfig{FS: files(), At: "a"}) })
	mustPanic(t, "not known", func() { Static(StaticConfig{FS: files(), Encodings: []string{"deflate"}}) })
	mustPanic(t, "no header", func() { Static(StaticConfig{FS: files(), Headers: map[string]string{"A": "b\r\nC: d"}}) })
	mustPanic(t, "without slashes", func() { Static(StaticConfig{FS: files(), Only: []string{"a/b"}}) })
}

func BenchmarkStatic(b *testing.B) {
	h := Static(StaticConfig{FS: files()})(http.NotFoundHandler())
	r := httptest.NewRequest("GET", "/plain.txt", nil)
	w := &discard{header: http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		clear(w.header)
		h.ServeHTTP(w, r)
	}
}

type discard struct{ header http.Header }

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(b []byte) (int, error) { return len(b), nil }
func (d *discard) WriteHeader(int)             {}

func TestStaticAllocs(t *testing.T) {
	h := Static(StaticConfig{FS: files()})(http.NotFoundHandler())
	r, w := httptest.NewRequest("GET", "/plain.txt", nil), &discard{header: http.Header{}}
	// Most of them are fstest's file and http.ServeContent's headers.
	if n := testing.AllocsPerRun(100, func() { clear(w.header); h.ServeHTTP(w, r) }); n > 20 && !race.Enabled {
		t.Errorf("got %v allocations, want at most 20", n)
	}
}
