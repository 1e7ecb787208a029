package browser

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

const page = `<!doctype html><meta name="viewport" content="width=device-width"><title>page</title><body>
<input data-testid="field">
<textarea data-testid="area"></textarea>
<button data-testid="button">press</button>
<p data-testid="out"></p>
<ul><li data-testid="item">one</li><li data-testid="item" style="display:none">two</li><li data-testid="item">three</li></ul>
<script>
const get = id => document.querySelector('[data-testid="' + id + '"]')
get("button").onclick = () => setTimeout(() => { get("out").textContent = "pressed"; get("out").dataset.n = "1" }, 30)
get("area").onkeydown = e => { if (e.key === "Enter" && !e.shiftKey) { e.preventDefault(); get("out").textContent = "sent " + get("area").value; get("area").value = "" } }
get("field").oninput = e => get("out").textContent = "input " + e.target.value
localStorage.who = localStorage.who ?? Math.random()
</script>`

func servePage(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, page)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestWindow(t *testing.T) {
	url := servePage(t)
	b := Start(t, Config{})
	w := b.Window(WindowConfig{})
	w.Open(url)

	t.Run("a click and what it changes later", func(t *testing.T) {
		w := w.In(t)
		w.Click("button")
		w.WaitText("out", "pressed")
		w.WaitAttr("out", "data-n", "1")
	})
	t.Run("typing, and Enter with and without Shift", func(t *testing.T) {
		w := w.In(t)
		w.Type("area", "a")
		w.Press("area", Enter, Shift)
		w.Type("area", "b")
		w.Press("area", Enter)
		w.WaitText("out", "sent a\nb")
		if got := w.Text("area"); got != "" {
			t.Errorf("the prevented Enter left %q in the field", got)
		}
		w.Type("area", "Z é 漢 ~ \n")
		w.WaitText("out", "sent Z é 漢 ~ ")
	})
	t.Run("filling at once", func(t *testing.T) {
		w := w.In(t)
		w.Fill("field", `quotes " ' and <b>`)
		w.WaitText("out", `input quotes " ' and <b>`)
		if got, want := w.Text("field"), `quotes " ' and <b>`; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
	t.Run("only what can be seen counts", func(t *testing.T) {
		w := w.In(t)
		w.WaitCount("item", 2)
		if diff := cmp.Diff([]string{"one", "three"}, w.Texts("item")); diff != "" {
			t.Error(diff)
		}
		if got := w.Count("item"); got != 2 {
			t.Errorf("got %d, want 2", got)
		}
		w.WaitGone("nothing")
	})
	t.Run("a picture", func(t *testing.T) {
		path := w.In(t).Screenshot("browser test")
		bytes, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(string(bytes), "\x89PNG") {
			t.Errorf("got %q…, want a PNG", bytes[:8])
		}
		if got, want := filepath.Base(path), "browser-test.png"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}

func TestWindowsShareNothing(t *testing.T) {
	url := servePage(t)
	b := Start(t, Config{})
	one, two := b.Window(WindowConfig{Name: "one"}), b.Window(WindowConfig{Name: "two", Phone: true, Dark: true})
	one.Open(url)
	two.Open(url)
	if a, b := Eval[string](one, "localStorage.who"), Eval[string](two, "localStorage.who"); a == b {
		t.Errorf("both windows see %q in their storage", a)
	}
	for _, c := range []struct {
		w    *Window
		want []any
	}{
		{one, []any{1280.0, false, false, 1.0}},
		{two, []any{390.0, true, true, 3.0}},
	} {
		c.w.Until("the media are emulated", "matchMedia('(prefers-reduced-motion: reduce)').matches")
		got := Eval[[]any](c.w, `[innerWidth, matchMedia("(prefers-color-scheme: dark)").matches,
			matchMedia("(pointer: coarse)").matches, devicePixelRatio]`)
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", c.w.Name(), diff)
		}
	}
}

// probe stands in for a test that fails, so that failures can be asserted.
type probe struct {
	testing.TB
	mu       sync.Mutex
	errors   []string
	logs     []string
	cleanups []func()
}

type fatal struct{}

func (p *probe) Helper()          {}
func (p *probe) Cleanup(f func()) { p.cleanups = append(p.cleanups, f) }
func (p *probe) Failed() bool     { return len(p.errors) > 0 }
func (p *probe) Name() string     { return "probe" }
func (p *probe) Logf(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.logs = append(p.logs, fmt.Sprintf(format, args...))
}
func (p *probe) Errorf(format string, args ...any) {
	p.errors = append(p.errors, fmt.Sprintf(format, args...))
}
func (p *probe) Fatal(args ...any) {
	p.errors = append(p.errors, fmt.Sprint(args...))
	panic(fatal{})
}
func (p *probe) Fatalf(format string, args ...any) { p.Fatal(fmt.Sprintf(format, args...)) }

func (p *probe) run(f func()) {
	defer func() {
		if r := recover(); r != nil && r != any(fatal{}) {
			panic(r)
		}
		for i := len(p.cleanups) - 1; i >= 0; i-- {
			p.cleanups[i]()
		}
	}()
	f()
}

func TestFailuresExplain(t *testing.T) {
	url := servePage(t)
	t.Run("an uncaught exception fails the test at its end", func(t *testing.T) {
		p := &probe{TB: t}
		p.run(func() {
			w := Start(p, Config{}).Window(WindowConfig{Name: "ada"})
			w.Open(url)
			Eval[bool](w, `setTimeout(() => { nothingCalledThis() }) > 0`)
			// The browser tells of it on its own time.
			for deadline := time.Now().Add(10 * time.Second); len(w.Exceptions()) == 0 && time.Now().Before(deadline); {
				w.Until("a moment passed", `new Promise(done => setTimeout(() => done(true), 50))`)
			}
		})
		if len(p.errors) != 1 || !strings.Contains(p.errors[0], "ada: uncaught in the page") ||
			!strings.Contains(p.errors[0], "nothingCalledThis") {
			t.Errorf("got %q, want one uncaught exception", p.errors)
		}
	})
	t.Run("a wait in vain says what was waited for and what was there", func(t *testing.T) {
		p := &probe{TB: t}
		p.run(func() {
			w := Start(p, Config{Timeout: 300 * time.Millisecond}).Window(WindowConfig{Name: "bob"})
			w.timeout = 15 * time.Second // only the last wait is to fail
			w.Open(url)
			w.timeout = 300 * time.Millisecond
			w.WaitText("item", "four")
		})
		if len(p.errors) != 1 || !strings.Contains(p.errors[0], `bob: waited 300ms until "item" says "four"`) {
			t.Errorf("got %q", p.errors)
		}
		if logs := strings.Join(p.logs, "\n"); !strings.Contains(logs, "bob shows:") || !strings.Contains(logs, "three") {
			t.Errorf("the log shows no page: %s", logs)
		}
	})
}

func TestFind(t *testing.T) {
	t.Run("nothing installed teaches what to install", func(t *testing.T) {
		_, err := find("", []string{"no-such-browser", "/nor/this/one"})
		if err == nil || !strings.Contains(err.Error(), "apt-get install chromium") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a wrong path names where it came from", func(t *testing.T) {
		_, err := find("/no/such/browser", names())
		if err == nil || !strings.Contains(err.Error(), "BENNU_CHROMIUM") {
			t.Errorf("got %v", err)
		}
	})
}
