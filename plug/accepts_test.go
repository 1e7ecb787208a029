package plug

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/bennu-go/bennu/internal/race"
	"github.com/bennu-go/bennu/param"
)

// format runs a request through a plug and returns the format it found, or the status it refused with.
func format(p Plug, r *http.Request) string {
	got := "passed"
	rec := httptest.NewRecorder()
	p(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { got = Format(r) })).ServeHTTP(rec, r)
	if rec.Code != 200 {
		return fmt.Sprint(rec.Code)
	}
	return got
}

func TestAccepts(t *testing.T) {
	both := []string{"html", "json"}
	for _, tt := range []struct {
		name, query, accept string // accept "-" is no header
		formats             []string
		want                string
	}{
		{"no header", "", "-", []string{"json", "html"}, "json"},
		{"everything", "", "*/*", []string{"json", "html"}, "json"},
		{"everything, with a space, is a browser's", "", " */*", []string{"json", "html"}, "html"},
		{"a browser", "", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", both, "html"},
		{"a browser prefers html even to its own order", "", "application/json, */*", both, "html"},
		{"everything among others without html", "", "text/csv, */*;q=0.1", []string{"json", "xml"}, "json"},
		{"json", "", "application/json", both, "json"},
		{"capitals", "", "Application/JSON", both, "json"},
		{"the first of several", "", "application/json, text/html", both, "json"},
		{"q decides", "", "application/json;q=0.2, text/html;q=0.8", both, "html"},
		{"q of 1 at once, though another is greater", "", "text/html;q=5, application/json", both, "json"},
		{"a greater q than 1 counts among the rest", "", "text/html;q=0.9, application/json;q=5", both, "json"},
		{"the same q: by text", "", "text/html;q=0.5,application/json;q=0.5", both, "json"},
		{"the same q: a space goes first", "", "application/json;q=0.5, text/html;q=0.5", both, "html"},
		{"a bad q is 1", "", "text/html;q=0.9, application/json;q=x", both, "json"},
		{"q without a leading digit is 1", "", "text/html;q=0.9, application/json;q=.1", both, "json"},
		{"text behind q", "", "application/json;q=0.1x, text/html;q=0.2", both, "html"},
		{"q of 0 is the least wanted", "", "application/json;q=0", both, "json"},
		{"other parameters", "", "application/json;v=2;q=0.1, text/html;level=1;q=0.5", both, "html"},
		{"a family", "", "application/*", both, "json"},
		{"a family, the first listed", "", "text/*", []string{"json", "csv", "html"}, "csv"},
		{"another extension of the type", "", "text/plain", []string{"text"}, "text"},
		{"broken entries are skipped", "", "text, /json, a/b/c, */json, , application/json", both, "json"},
		{"nothing fits", "", "image/png", both, "406"},
		{"an empty header", "", "", both, "406"},
		{"parameter", "_format=json", "text/html", both, "json"},
		{"parameter that is not listed", "_format=xml", "text/html", both, "406"},
		{"parameter that is no text", "_format[]=html", "text/html", both, "406"},
		{"empty parameter", "_format=", "text/html", both, "406"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest("GET", "/?"+tt.query, nil)
			if tt.accept != "-" {
				r.Header.Set("Accept", tt.accept)
			}
			if got := format(Accepts(tt.formats...), r); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestAcceptsTypes(t *testing.T) {
	p := AcceptsTypes(map[string]string{"geo": "application/vnd.Example.geo"}, "html", "geo")
	for accept, want := range map[string]string{"application/vnd.example.geo": "geo", "application/*": "geo", "text/html": "html", "application/json": "406"} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Accept", accept)
		if got := format(p, r); got != want {
			t.Errorf("%s: got %s, want %s", accept, got, want)
		}
	}
	mustPanic(t, "AcceptsTypes", func() { Accepts("geo") })
	mustPanic(t, "no media type", func() { AcceptsTypes(map[string]string{"geo": "application/*"}, "geo") })
	mustPanic(t, "without formats", func() { Accepts() })
}

func TestAcceptsFromBody(t *testing.T) {
	w, r := param.SetBody(httptest.NewRecorder(), httptest.NewRequest("POST", "/?_format=html", nil), param.Map{"_format": "json"})
	Accepts("html", "json")(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if Format(r) != "json" {
			t.Errorf("got %q", Format(r))
		}
	})).ServeHTTP(w, r)
}

// naiveAccepts does what section 4 of the rules says, one step after the other, without haste.
func naiveAccepts(header string, formats []string) string {
	if header == "*/*" {
		return formats[0]
	}
	if strings.Contains(header, "*/*") && slices.Contains(formats, "html") {
		return "html"
	}
	type entry struct {
		q    float64
		text string
		fits string
	}
	var entries []entry
	for _, text := range strings.Split(header, ",") {
		pieces := strings.Split(text, ";")
		halves := strings.SplitN(strings.ToLower(strings.TrimSpace(pieces[0])), "/", 2)
		valid := len(halves) == 2
		for _, h := range halves {
			if h == "" || strings.Trim(h, "abcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-.^_`|~") != "" {
				valid = false
			}
			for _, c := range h {
				if !strings.ContainsRune("abcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-.^_`|~", c) {
					valid = false
				}
			}
		}
		if !valid || halves[0] == "*" && halves[1] != "*" {
			continue
		}
		q := 1.0
		for _, p := range pieces[1:] {
			name, value, _ := strings.Cut(strings.TrimSpace(p), "=")
			if strings.ToLower(name) == "q" {
				value, q = strings.Trim(value, `"`), 1
				for n := len(value); n > 0; n-- { // the longest beginning that is a plain number
					whole, fraction, point := strings.Cut(value[:n], ".")
					if strings.Trim(whole+fraction, "0123456789") == "" && whole != "" && (!point || fraction != "") {
						var err error
						if _, err = fmt.Sscan(value[:n], &q); err != nil {
							q = 1
						}
						break
					}
				}
			}
		}
		fits := ""
		switch {
		case halves[0] == "*":
			fits = formats[0]
		case halves[1] == "*":
			for _, f := range slices.Backward(formats) {
				if strings.HasPrefix(MediaType(f), halves[0]+"/") {
					fits = f
				}
			}
		default:
			for _, ext := range slices.Backward(extensions(halves[0] + "/" + halves[1])) {
				if slices.Contains(formats, ext) {
					fits = ext
				}
			}
		}
		if fits == "" {
			continue
		}
		if q == 1 {
			return fits
		}
		entries = append(entries, entry{q, text, fits})
	}
	sort.SliceStable(entries, func(i, j int) bool { return entries[i].text < entries[j].text })
	sort.SliceStable(entries, func(i, j int) bool { return entries[i].q > entries[j].q })
	if len(entries) == 0 {
		return "406"
	}
	return entries[0].fits
}

func FuzzAccepts(f *testing.F) {
	for _, s := range []string{"*/*", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "application/json;q=0.2, text/html;q=0.8",
		"text/*;q=0.5, application/*;q=0.25", "a/b/c, text/plain; q=\"0.5\"", "text/html;q=1.0;q=0.3", "application/json;q=1e3,text/html;q=2"} {
		f.Add(s)
	}
	lists := [][]string{{"html", "json"}, {"json"}, {"csv", "text", "xml"}}
	f.Fuzz(func(t *testing.T, header string) {
		for _, formats := range lists {
			want := naiveAccepts(header, formats)
			n := newNegotiator(nil, formats)
			got := "406"
			if i := n.choose([]string{header}); i >= 0 {
				got = formats[i]
			}
			if got != want {
				t.Fatalf("Accept: %q among %v: got %s, want %s", header, formats, got, want)
			}
		}
	})
}

func TestAcceptsAllocs(t *testing.T) {
	if race.Enabled {
		t.Log("the race detector allocates: only that it works is looked at")
	}
	h := Accepts("html", "json")(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	w, r := SetErrors(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil), WriteError)
	for _, accept := range []string{"application/json", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"} {
		r.Header.Set("Accept", accept)
		if n := testing.AllocsPerRun(100, func() { h.ServeHTTP(w, r) }); n > 0 && !race.Enabled {
			t.Errorf("%s: got %v allocations, want none", accept, n)
		}
	}
}
