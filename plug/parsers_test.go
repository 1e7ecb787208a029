package plug

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/bennu-go/bennu/param"
)

const formType = "application/x-www-form-urlencoded"

// parsed runs a request through Parsers, and returns the parameters of the body and the status.
func parsed(cfg ParsersConfig, r *http.Request) (body param.Map, status int) {
	rec := httptest.NewRecorder()
	Parsers(cfg)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { body = param.Body(r) })).ServeHTTP(rec, r)
	return body, rec.Code
}

func postBody(contentType, body string) *http.Request {
	r := httptest.NewRequest("POST", "/", strings.NewReader(body))
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	return r
}

func TestParsers(t *testing.T) {
	type m = map[string]any
	for _, tt := range []struct {
		name, contentType, body string
		cfg                     ParsersConfig
		want                    param.Map
	}{
		{"form", formType, "user[name]=ada&user[tags][]=a&user[tags][]=b+c", ParsersConfig{}, param.Map{"user": m{"name": "ada", "tags": []any{"a", "b c"}}}},
		{"empty form", formType, "", ParsersConfig{}, param.Map{}},
		{"capitals and charset", "Application/X-WWW-Form-Urlencoded; charset=utf-8", "a=1", ParsersConfig{}, param.Map{"a": "1"}},
		{"JSON", "application/json", `{"a":[1,2.5,null,true,"x"],"b":{"c":9007199254740993}}`, ParsersConfig{}, param.Map{"a": []any{int64(1), 2.5, nil, true, "x"}, "b": m{"c": int64(9007199254740993)}}},
		{"large numbers", "application/json", `{"a":1e3,"b":99999999999999999999}`, ParsersConfig{}, param.Map{"a": 1000.0, "b": 1e20}},
		{"JSON with a suffix", "application/vnd.api+json; charset=utf-8", `{"a":1}`, ParsersConfig{}, param.Map{"a": int64(1)}},
		{"JSON list", "application/json", ` [1] `, ParsersConfig{}, param.Map{"_json": []any{int64(1)}}},
		{"JSON null", "application/json", `null`, ParsersConfig{}, param.Map{"_json": nil}},
		{"nested JSON", "application/json", `{"a":1}`, ParsersConfig{NestJSON: true}, param.Map{"_json": m{"a": int64(1)}}},
		{"a key twice", "application/json", `{"a":1,"a":2}`, ParsersConfig{}, param.Map{"a": int64(2)}},
		{"a broken parameter of the type", "application/json; charset", `{"a":1}`, ParsersConfig{}, param.Map{"a": int64(1)}},
		{"multipart", "multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"a[b]\"\r\n\r\n1\r\n--x\r\nContent-Disposition: form-data; name=\"a[c][]\"\r\n\r\nü\r\n--x--\r\n", ParsersConfig{},
			param.Map{"a": m{"b": "1", "c": []any{"ü"}}}},
		{"parts without a name or file", "multipart/form-data; boundary=x", "preamble\r\n--x\r\nContent-Disposition: form-data\r\n\r\n1\r\n--x\r\n\r\n2\r\n--x\r\nContent-Disposition: form-data; name=f; filename=\"\"\r\n\r\n\r\n--x--\r\nepilogue", ParsersConfig{}, param.Map{}},
		{"no type", "", "a=1", ParsersConfig{Pass: []string{}}, nil},
		{"another type passes", "text/csv", "a,b", ParsersConfig{}, nil},
		{"a type that may pass", "text/csv", "a,b", ParsersConfig{Pass: []string{"text/csv"}}, nil},
		{"a family that may pass", "text/csv", "a,b", ParsersConfig{Pass: []string{"text/*"}}, nil},
		{"no type at all passes", "nonsense", "a,b", ParsersConfig{}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, status := parsed(tt.cfg, postBody(tt.contentType, tt.body))
			if diff := cmp.Diff(tt.want, got); diff != "" || status != 200 {
				t.Errorf("%d: %s", status, diff)
			}
		})
	}
	for _, method := range []string{"GET", "HEAD", "OPTIONS"} {
		r := postBody(formType, "a=1")
		r.Method = method
		if got, status := parsed(ParsersConfig{}, r); got != nil || status != 200 {
			t.Errorf("%s: got %v, %d", method, got, status)
		}
	}
	for _, method := range []string{"PUT", "PATCH", "DELETE"} {
		r := postBody(formType, "a=1")
		r.Method = method
		if got, status := parsed(ParsersConfig{}, r); got["a"] != "1" || status != 200 {
			t.Errorf("%s: got %v, %d", method, got, status)
		}
	}
}

// TestParsersMalicious has what clients should not send, and what they get.
func TestParsersMalicious(t *testing.T) {
	part := func(header, body string) string { return "--x\r\n" + header + "\r\n\r\n" + body + "\r\n" }
	mp := "multipart/form-data; boundary=x"
	field := `Content-Disposition: form-data; name="a"`
	file := `Content-Disposition: form-data; name="f"; filename="a.txt"`
	manyKeys := func(sep, format string) string {
		var b strings.Builder
		for i := range 1_000_000 {
			b.WriteString(strings.Replace(format, "%d", strconv.Itoa(i), 1) + sep)
		}
		return strings.TrimSuffix(b.String(), sep)
	}
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	z.Write(bytes.Repeat([]byte(" "), 9_000_000))
	z.Close()
	for _, tt := range []struct {
		name, contentType, body string
		cfg                     ParsersConfig
		change                  func(*http.Request)
		want                    int
	}{
		{"bad percent in a form", formType, "a=%zz", ParsersConfig{}, nil, 400},
		{"bad UTF-8 in a form", formType, "a=%ff", ParsersConfig{}, nil, 400},
		{"overlong UTF-8 in a form", formType, "a=%c0%af", ParsersConfig{}, nil, 400},
		{"a million keys", formType, manyKeys("&", "%d"), ParsersConfig{}, nil, 413},
		{"as many keys as fit", formType, strings.Repeat("a&", 20_000), ParsersConfig{}, nil, 400},
		{"deep form", formType, "a" + strings.Repeat("[b]", 1000) + "=1", ParsersConfig{}, nil, 400},
		{"large form", formType, strings.Repeat("a", 1_000_001), ParsersConfig{}, nil, 413},
		{"large form that does not say so", formType, strings.Repeat("a", 1_000_001), ParsersConfig{}, func(r *http.Request) { r.ContentLength = -1 }, 413},
		{"bad query", formType, "a=1", ParsersConfig{}, func(r *http.Request) { r.URL.RawQuery = "a=%f" }, 400},
		{"bad UTF-8 in a query", formType, "", ParsersConfig{}, func(r *http.Request) { r.URL.RawQuery = "a=%ff" }, 400},
		{"long query", formType, "", ParsersConfig{}, func(r *http.Request) { r.URL.RawQuery = strings.Repeat("a", 1_000_001) }, 414},
		{"bad UTF-8 in the path", formType, "", ParsersConfig{}, func(r *http.Request) { r.URL.Path = "/\xff" }, 400},
		{"two types", "text/plain", "a=1", ParsersConfig{}, func(r *http.Request) { r.Header.Add("Content-Type", formType) }, 400},
		{"broken JSON", "application/json", `{"a":`, ParsersConfig{}, nil, 400},
		{"two JSON values", "application/json", `{"a":1} {"a":2}`, ParsersConfig{}, nil, 400},
		{"something behind JSON", "application/json", `{"a":1}x`, ParsersConfig{}, nil, 400},
		{"bad UTF-8 in JSON", "application/json", "{\"a\":\"\xff\"}", ParsersConfig{}, nil, 400},
		{"UTF-16", "application/json", "\xff\xfe{\x00}\x00", ParsersConfig{}, nil, 400},
		{"deep JSON", "application/json", strings.Repeat("[", 100_000), ParsersConfig{}, nil, 400},
		{"deep closed JSON", "application/json", strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000), ParsersConfig{}, nil, 400},
		{"a number beyond all", "application/json", `{"a":1e999}`, ParsersConfig{}, nil, 400},
		{"a million keys of JSON", "application/json", "{" + manyKeys(",", `"k%d":1`) + "}", ParsersConfig{}, nil, 413},
		{"large JSON", "application/json", `"` + strings.Repeat("a", 100) + `"`, ParsersConfig{MaxJSON: 100}, nil, 413},
		{"gzip unasked", "application/json", bomb.String(), ParsersConfig{}, func(r *http.Request) { r.Header.Set("Content-Encoding", "gzip") }, 415},
		{"gzip bomb", "application/json", bomb.String(), ParsersConfig{Gzip: true}, func(r *http.Request) { r.Header.Set("Content-Encoding", "gzip") }, 413},
		{"gzip twice", "application/json", bomb.String(), ParsersConfig{Gzip: true}, func(r *http.Request) { r.Header.Set("Content-Encoding", "gzip, gzip") }, 415},
		{"no gzip inside", "application/json", "{}", ParsersConfig{Gzip: true}, func(r *http.Request) { r.Header.Set("Content-Encoding", "gzip") }, 400},
		{"gzip that ends early", "application/json", bomb.String()[:bomb.Len()-10], ParsersConfig{Gzip: true, MaxJSON: 10_000_000}, func(r *http.Request) { r.Header.Set("Content-Encoding", "gzip") }, 400},
		{"another type", "text/csv", "a,b", ParsersConfig{Pass: []string{}}, nil, 415},
		{"another family", "image/png", "a,b", ParsersConfig{Pass: []string{"text/*"}}, nil, 415},
		{"no type", "nonsense", "a,b", ParsersConfig{Pass: []string{"text/*"}}, nil, 415},
		{"no boundary", "multipart/form-data", part(field, "1") + "--x--\r\n", ParsersConfig{}, nil, 400},
		{"a long boundary", "multipart/form-data; boundary=" + strings.Repeat("x", 71), part(field, "1") + "--x--\r\n", ParsersConfig{}, nil, 400},
		{"no end", mp, part(field, "1"), ParsersConfig{}, nil, 400},
		{"nothing in it", mp, "", ParsersConfig{}, nil, 200},
		{"an end in the header", mp, "--x\r\nContent-Dispo", ParsersConfig{}, nil, 400},
		{"a file that ends early", mp, "--x\r\n" + file + "\r\n\r\nabc", ParsersConfig{}, nil, 400},
		{"bad UTF-8 in a field", mp, part(field, "\xff") + "--x--\r\n", ParsersConfig{}, nil, 400},
		{"bad UTF-8 in a name", mp, part("Content-Disposition: form-data; name=\"\xff\"", "1") + "--x--\r\n", ParsersConfig{}, nil, 400},
		{"many parts", mp, strings.Repeat(part(field, "1"), 4) + "--x--\r\n", ParsersConfig{MaxParts: 3}, nil, 413},
		{"many files", mp, strings.Repeat(part(file, "1"), 4) + "--x--\r\n", ParsersConfig{MaxFiles: 3}, nil, 413},
		{"large parts together", mp, strings.Repeat(part(field, strings.Repeat("a", 40)), 3) + "--x--\r\n", ParsersConfig{MaxMultipart: 100}, nil, 413},
		{"large file", mp, part(file, strings.Repeat("a", 101)) + "--x--\r\n", ParsersConfig{MaxMultipart: 100}, nil, 413},
		{"large headers", mp, strings.Repeat(part(field+"\r\nX-A: "+strings.Repeat("a", 10_000), "1"), 150) + "--x--\r\n", ParsersConfig{MaxMultipart: 100}, func(r *http.Request) { r.ContentLength = -1 }, 413},
		{"large preamble", mp, strings.Repeat("a", 1_100_000) + "\r\n" + part(field, "1") + "--x--\r\n", ParsersConfig{MaxMultipart: 100}, nil, 413},
		{"large epilogue", mp, part(field, "1") + "--x--\r\n" + strings.Repeat("a", 1_100_000), ParsersConfig{MaxMultipart: 100}, func(r *http.Request) { r.ContentLength = -1 }, 413},
		{"deep name of a part", mp, part("Content-Disposition: form-data; name=\"a"+strings.Repeat("[b]", 100)+"\"", "1") + "--x--\r\n", ParsersConfig{}, nil, 400},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.cfg.TempDir = t.TempDir()
			r := postBody(tt.contentType, tt.body)
			if tt.body == "" && tt.change == nil {
				r.Body = io.NopCloser(strings.NewReader(""))
				tt.want = 400
			}
			if tt.change != nil {
				tt.change(r)
			}
			_, status := parsed(tt.cfg, r)
			if status != tt.want {
				t.Errorf("got %d, want %d", status, tt.want)
			}
			if left, _ := filepath.Glob(tt.cfg.TempDir + "/*"); len(left) > 0 {
				t.Errorf("files are left: %v", left)
			}
		})
	}
}

func TestParsersUpload(t *testing.T) {
	dir := t.TempDir()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	w.WriteField("user[name]", "ada")
	f, _ := w.CreateFormFile("user[photo]", `..\..\etc/pass"wd.png`)
	io.WriteString(f, strings.Repeat("x", 100_000))
	f, _ = w.CreateFormFile("kept", "..")
	io.WriteString(f, "kept")
	w.Close()
	keep := filepath.Join(dir, "keep")
	var path string
	h := Parsers(ParsersConfig{TempDir: dir})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user := param.Get(r, "user")
		up, err := user.File("photo")
		if err != nil {
			t.Fatal(err)
		}
		path = up.Path
		want := &param.Upload{Path: path, Filename: `pass"wd.png`, ContentType: "application/octet-stream", Size: 100_000}
		if diff := cmp.Diff(want, up); diff != "" || user["name"] != "ada" {
			t.Error(diff)
		}
		f, err := up.Open()
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if b, _ := io.ReadAll(f); len(b) != 100_000 {
			t.Errorf("got %d bytes", len(b))
		}
		kept, err := param.Of(r).File("kept")
		if err != nil || kept.Filename != "" {
			t.Fatalf("got %+v, %v", kept, err)
		}
		if err := os.Rename(kept.Path, keep); err != nil {
			t.Error(err)
		}
		panic(http.ErrAbortHandler)
	}))
	r := postBody(w.FormDataContentType(), body.String())
	func() {
		defer func() { _ = recover() }()
		h.ServeHTTP(httptest.NewRecorder(), r)
	}()
	if path == "" {
		t.Fatal("the handler was not reached")
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the upload is still there: %v", err)
	}
	if b, err := os.ReadFile(keep); string(b) != "kept" {
		t.Errorf("what was moved: %q, %v", b, err)
	}
}

func TestParsersNoSpace(t *testing.T) {
	r := postBody("multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=f; filename=a\r\n\r\n1\r\n--x--\r\n")
	if _, status := parsed(ParsersConfig{TempDir: filepath.Join(t.TempDir(), "missing")}, r); status != 500 {
		t.Errorf("got %d, want 500: it is our fault", status)
	}
}

func TestParsersBodyCanBeReadAgain(t *testing.T) {
	for contentType, body := range map[string]string{formType: "a=1", "application/json": `{"a":"1"}`} {
		Parsers()(Parsers()(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if b, err := io.ReadAll(r.Body); string(b) != body || err != nil || param.Of(r)["a"] != "1" {
				t.Errorf("got %q, %v", b, err)
			}
		}))).ServeHTTP(httptest.NewRecorder(), postBody(contentType, body))
	}
}

func TestParsersBodyLimitFirst(t *testing.T) {
	r := postBody(formType, "a=123456789")
	r.ContentLength = -1
	rec := httptest.NewRecorder()
	Pipeline(BodyLimit(5), Parsers())(http.NotFoundHandler()).ServeHTTP(rec, r)
	if rec.Code != 413 {
		t.Errorf("got %d", rec.Code)
	}
}

func TestParsersGzip(t *testing.T) {
	var body bytes.Buffer
	z := gzip.NewWriter(&body)
	io.WriteString(z, `{"a":1}`)
	z.Close()
	r := postBody("application/json", body.String())
	r.Header.Set("Content-Encoding", "gzip")
	if got, status := parsed(ParsersConfig{Gzip: true}, r); got["a"] != int64(1) || status != 200 {
		t.Errorf("got %v, %d", got, status)
	}
}

// TestParsersSlow has a client that stops in the middle of its body.
func TestParsersSlow(t *testing.T) {
	s := httptest.NewServer(Parsers(ParsersConfig{ReadTimeout: 20 * time.Millisecond})(http.NotFoundHandler()))
	defer s.Close()
	c, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprintf(c, "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\nContent-Length: 10\r\n\r\na=", formType)
	answer := make([]byte, 12)
	if _, err := io.ReadFull(c, answer); err != nil || string(answer) != "HTTP/1.1 408" {
		t.Errorf("got %q, %v", answer, err)
	}
}

func TestParsersConfig(t *testing.T) {
	mustPanic(t, "one config", func() { Parsers(ParsersConfig{}, ParsersConfig{}) })
	mustPanic(t, "not negative", func() { Parsers(ParsersConfig{MaxJSON: -1}) })
	mustPanic(t, "multipart/form-data", func() { Parsers(ParsersConfig{MaxForm: 2_000_000}) })
	mustPanic(t, "lower case", func() { Parsers(ParsersConfig{Pass: []string{"Text/*"}}) })
}

func FuzzParsers(f *testing.F) {
	f.Add(0, "a[b]=1&a[]=2&c=%41")
	f.Add(1, `{"a":[1,2.5,{"b":null}],"a":"x"}`)
	f.Add(1, `[1e5,"\ud800"]`)
	f.Add(2, "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--x\r\nContent-Disposition: form-data; name=f; filename*=utf-8''%e2%82%ac.txt\r\nContent-Type: text/plain\r\n\r\nabc\r\n--x--\r\n")
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, kind int, body string) {
		kind = (kind%3 + 3) % 3
		contentType := []string{formType, "application/json", "multipart/form-data; boundary=x"}[kind]
		r := postBody(contentType, body)
		if body == "" {
			return
		}
		got, status := parsed(ParsersConfig{TempDir: dir}, r)
		if left, _ := filepath.Glob(dir + "/*"); len(left) > 0 {
			t.Fatalf("files are left: %v", left)
		}
		if status != 200 {
			if status != 400 && status != 413 || got != nil {
				t.Fatalf("got %d and %v", status, got)
			}
			if kind == 1 && json.Valid([]byte(body)) && utf8.ValidString(body) && !strings.ContainsAny(body, "eE") && len(body) < 1000 {
				t.Fatalf("valid JSON was refused: %q", body)
			}
			return
		}
		switch kind {
		case 0:
			want, err := param.Decode(body)
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Fatalf("%v: %s", err, diff)
			}
		case 1:
			var want any
			if err := json.Unmarshal([]byte(body), &want); err != nil {
				t.Fatalf("invalid JSON was taken: %q", body)
			}
			var have any = map[string]any(got)
			if _, isObject := want.(map[string]any); !isObject {
				have = got["_json"]
			}
			text, _ := json.Marshal(have)
			var again any
			json.Unmarshal(text, &again)
			if diff := cmp.Diff(want, again); diff != "" {
				t.Fatalf("%q: %s", body, diff)
			}
		case 2:
			form, err := multipart.NewReader(strings.NewReader(body), "x").ReadForm(1 << 20)
			if err != nil {
				return // it knows fewer parts and decodes quoted-printable
			}
			defer form.RemoveAll()
			if strings.Contains(strings.ToLower(body), "quoted-printable") {
				return
			}
			for name, values := range form.Value {
				_, isFile := form.File[name]
				if name == "" || strings.Contains(name, "[") || isFile || got[name] == nil {
					continue
				}
				if _, upload := got[name].(*param.Upload); !upload && got[name] != values[len(values)-1] {
					t.Fatalf("%q: got %v, want %v", name, got[name], values)
				}
			}
		}
	})
}
