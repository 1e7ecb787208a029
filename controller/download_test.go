package controller

import (
	"errors"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"testing/iotest"
	"unicode/utf8"

	"github.com/bennu-go/bennu/plug"
)

func send(d Download, headers ...string) (*answered, error) {
	w, err := run(get("/", headers...), func(w http.ResponseWriter, r *http.Request) error { return SendDownload(w, r, d) })
	return &answered{w.Code, w.Header(), w.Body.String()}, err
}

type answered struct {
	code int
	h    http.Header
	body string
}

func TestDownload(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "a.csv")
	if err := os.WriteFile(file, []byte("a,b"), 0o600); err != nil {
		t.Fatal(err)
	}
	files := fstest.MapFS{"x/ü.png": {Data: []byte("png")}}
	for _, c := range []struct {
		name             string
		d                Download
		disposition, typ string
		body             string
	}{
		{"bytes", Download{Name: "a.pdf", Bytes: []byte("%PDF")}, `attachment; filename="a.pdf"`, "application/pdf", "%PDF"},
		{"no bytes", Download{Name: "a.txt", Bytes: []byte{}}, `attachment; filename="a.txt"`, "text/plain; charset=utf-8", ""},
		{"no name", Download{Bytes: []byte("x")}, `attachment; filename="download"`, "application/octet-stream", "x"},
		{"a file", Download{Path: file}, `attachment; filename="a.csv"`, "text/csv; charset=utf-8", "a,b"},
		{"a file of an FS, shown", Download{FS: files, Path: "x/ü.png", Inline: true}, `inline; filename="_.png"; filename*=UTF-8''%C3%BC.png`, "image/png", "png"},
		{"another type", Download{Name: "a", ContentType: "text/x", Bytes: []byte("x")}, `attachment; filename="a"`, "text/x", "x"},
		{"a reader", Download{Name: "a", Reader: iotest.OneByteReader(strings.NewReader("abc")), Size: 3}, `attachment; filename="a"`, "application/octet-stream", "abc"},
		{"another header in the name", Download{Name: "a\r\nSet-Cookie: x=y;\x00.txt", Bytes: []byte{}}, `attachment; filename="a__Set-Cookie: x=y;_.txt"`, "text/plain; charset=utf-8", ""},
		{"quotes and percents", Download{Name: `a"b%41.txt`, Bytes: []byte{}}, `attachment; filename="a_b_41.txt"; filename*=UTF-8''a%22b%2541.txt`, "text/plain; charset=utf-8", ""},
		{"a way up", Download{Name: `../..\etc/passwd`, Bytes: []byte{}}, `attachment; filename=".._.._etc_passwd"`, "application/octet-stream", ""},
		{"dots", Download{Name: "..", Bytes: []byte{}}, `attachment; filename="download"`, "application/octet-stream", ""},
		{"a name that reads backwards", Download{Name: "a\u202egnp.exe", Bytes: []byte{}}, `attachment; filename="a_gnp.exe"`, "application/octet-stream", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := send(c.d)
			if err != nil || got.code != 200 || got.h.Get("Content-Disposition") != c.disposition || got.h.Get("Content-Type") != c.typ || got.body != c.body ||
				got.h.Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("got %d %v %q, %v", got.code, got.h, got.body, err)
			}
		})
	}
}

func TestDownloadRanges(t *testing.T) {
	got, err := send(Download{Bytes: []byte("0123456789")}, "Range", "bytes=2-4")
	if err != nil || got.code != 206 || got.body != "234" || got.h.Get("Content-Range") != "bytes 2-4/10" {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestDownloadRefuses(t *testing.T) {
	dir := t.TempDir()
	for name, c := range map[string]struct {
		d      Download
		status int
	}{
		"nothing to send":   {Download{Name: "a"}, 500},
		"two things":        {Download{Path: "a", Bytes: []byte{}}, 500},
		"no file":           {Download{Path: filepath.Join(dir, "a")}, 404},
		"no file of an FS":  {Download{FS: fstest.MapFS{}, Path: "a"}, 404},
		"a folder":          {Download{Path: dir}, 404},
		"a way out of a FS": {Download{FS: os.DirFS(dir), Path: "../a"}, 500},
		"a broken FS":       {Download{FS: brokenFS{}, Path: "a"}, 500},
	} {
		got, err := send(c.d)
		if err == nil || plug.Status(err) != c.status || len(got.h) > 0 {
			t.Errorf("%s: got %v with status %d, header %v", name, err, plug.Status(err), got.h)
		}
	}
}

type brokenFS struct{}

func (brokenFS) Open(string) (fs.File, error) { return nil, errors.New("disk") }

func TestAReaderThatFailsCutsTheConnection(t *testing.T) {
	_, err := send(Download{Reader: io.MultiReader(strings.NewReader("half"), iotest.ErrReader(errors.New("disk")))})
	var late *lateError
	if !errors.As(err, &late) {
		t.Errorf("got %v", err)
	}
}

func FuzzDownloadName(f *testing.F) {
	for _, s := range []string{"a.txt", "ü.pdf", "a\r\nb", `"`, `\`, "..", "%41", "\xff\xfe", "a;b=c", "../x", "a\u2028b", "'", "a''b", " ", "a "} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		sane := saneName(name)
		if sane == "" || sane == "." || sane == ".." || strings.ContainsAny(sane, "/\\\r\n\x00") || !utf8.ValidString(sane) {
			t.Fatalf("%q: %q", name, sane)
		}
		h := disposition(false, sane)
		for i := range len(h) {
			if h[i] < ' ' || h[i] >= 0x7f {
				t.Fatalf("%q: header %q", name, h)
			}
		}
		kind, params, err := mime.ParseMediaType(h)
		if err != nil || kind != "attachment" || len(params) != 1 || params["filename"] != sane {
			t.Fatalf("%q: header %q is read as %q %q, %v; want %q", name, h, kind, params, err, sane)
		}
	})
}
