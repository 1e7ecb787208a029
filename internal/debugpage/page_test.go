package debugpage

import (
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/bennu-go/bennu/internal/exchange"
	"github.com/bennu-go/bennu/plug"
	"github.com/bennu-go/bennu/router"
	"github.com/bennu-go/bennu/session"
	"github.com/bennu-go/bennu/telemetry"
	"github.com/bennu-go/bennu/token"
)

type account struct {
	Name           string
	HashedPassword string
	Secret         string
}

var ownKey = exchange.NewKey[any]("account")

const attack = `</template></script><script>alert("x")</script><img src=x onerror=alert(1)>`

// hostile is a page about a request in which everything that a client chooses is an attack, and everything secret says hunter2.
func hostile(t *testing.T, cfg Config) (p *Page) {
	t.Helper()
	r := httptest.NewRequest("GET", "/rooms", nil)
	r.URL.RawQuery = "q=" + strings.ReplaceAll(attack, "\"", "%22") + "&user[password]=hunter2&api_token=hunter2"
	r.URL.Path = "/rooms/" + attack
	r.Host = attack
	r.Header = http.Header{
		"X-Attack": {attack}, "Cookie": {"a=hunter2"}, "Authorization": {"Bearer hunter2"}, "X-Csrf-Token": {"hunter2"}, "X-Api-Key": {"hunter2"},
		"Referer": {"http://a/?token=hunter2"},
	}
	store := session.NewCookieStore(session.Config{Secrets: token.Secrets{strings.Repeat("s", 64)}})
	h := session.Load(store)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		session.Of(r).Put("user_token", "hunter2")
		session.Of(r).Put("name", attack)
		ownKey.Set(exchange.Of(r), account{"Ada", "hunter2", "hunter2"})
		_, r = plug.SetFormat(w, r, "html")
		p = New(r, fmt.Errorf("first: %w", errors.Join(errors.New(attack), &plug.Error{Status: 500, Reason: "second"})), cfg)
	}))
	h.ServeHTTP(httptest.NewRecorder(), r)
	return p
}

func TestNothingRunsAndNoSecretIsShown(t *testing.T) {
	p := hostile(t, Config{Status: 500})
	var b strings.Builder
	if err := p.WriteHTML(&b, "n0nce"); err != nil {
		t.Fatal(err)
	}
	js, err := p.JSON()
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"HTML": b.String(), "Markdown": p.Markdown(), "JSON": string(js)} {
		if strings.Contains(text, "hunter2") {
			t.Errorf("%s shows a secret:\n%s", name, text)
		}
	}
	if got := b.String(); strings.Contains(got, "<img") || strings.Count(got, "<script") != 1 || strings.Count(got, "</template>") != 1 || strings.Count(got, html.EscapeString("<img src=x")) < 5 {
		t.Errorf("the attack is in the page:\n%s", got)
	}
	if got := strings.Count(b.String(), `nonce="n0nce"`); got != 2 {
		t.Errorf("got %d nonces", got)
	}
	for _, want := range []string{"X-Csrf-Token", "Authorization", "Ada", "user_token", telemetry.Filtered} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%s is not shown", want)
		}
	}
	if got := strings.Join(p.Chain, "\n"); !strings.Contains(got, "  *errors.errorString: ") || !strings.Contains(got, "  *plug.Error: plug: second") {
		t.Errorf("got chain %s", got)
	}
}

func TestAllIsFilteredWhereOnlySomeIsKept(t *testing.T) {
	p := hostile(t, Config{Status: 500, Filter: telemetry.Filter{Keep: []string{"format"}}})
	for _, s := range p.Sections {
		for _, row := range s.Rows {
			if s.Title != "Request" && row.Name != "format" && row.Value != telemetry.Filtered && !strings.Contains(row.Value, `"[FILTERED]"`) {
				t.Errorf("%s: %s is shown: %q", s.Title, row.Name, row.Value)
			}
		}
	}
}

func explode() (stack []byte) {
	defer func() {
		recover()
		stack = debug.Stack()
	}()
	list := strings.Fields("a b")
	list[len(list)] = "c" // the line that fails
	return nil
}

func TestTheStackBeginsBelowThePanic(t *testing.T) {
	p := hostile(t, Config{Status: 500, Stack: explode()})
	if len(p.App) == 0 || !strings.HasSuffix(p.App[0].Func, ".explode") || !p.Panic {
		t.Fatalf("got %+v", p.App)
	}
	var here string
	for _, l := range p.App[0].Source {
		if l.Here {
			here = l.Text
		}
	}
	if !strings.Contains(here, "the line that fails") || len(p.App[0].Source) != 11 {
		t.Errorf("got %q of %d lines", here, len(p.App[0].Source))
	}
	for _, f := range p.Rest {
		if strings.HasPrefix(f.Func, "runtime/debug.") || f.Func == "panic" {
			t.Errorf("%s is in the stack", f.Func)
		}
	}
	var js struct {
		Errors map[string]string
		Debug  struct{ Stack []struct{ Func string } }
	}
	text, _ := p.JSON()
	if err := json.Unmarshal(text, &js); err != nil || js.Errors["detail"] != "Internal Server Error" || !strings.HasSuffix(js.Debug.Stack[0].Func, ".explode") {
		t.Errorf("got %s, %v", text, err)
	}
	if text := p.Markdown(); !strings.Contains(text, ">") || !strings.Contains(text, "# 500 Internal Server Error at GET /rooms/") || !strings.Contains(text, "## Stack") {
		t.Errorf("got %s", text)
	}
}

func TestFrames(t *testing.T) {
	trace := "goroutine 7 [running]:\nruntime/debug.Stack()\n\t/go/src/runtime/debug/stack.go:26 +0x5e\npanic({0x1?, 0x2?})\n\t/go/src/runtime/panic.go:787 +0x132\n" +
		"main.(*Server).Handle.func1({0xc, 0x1})\n\t/home/u/app/main.go:12 +0x1d\nnet/http.HandlerFunc.ServeHTTP(...)\n\t/go/src/net/http/server.go:2294\n" +
		"github.com/x/y.F[...](0x1)\n\t/home/u/go/pkg/mod/github.com/x/y@v1/f.go:3 +0x1\nexample.com/app/web.Index(0x1)\n\tC:/app/web/index.go:4 +0x1\n" +
		"github.com/bennu-go/bennu/plug.Head.func1()\n\t/b/plug/head.go:1 +0x1\ncreated by net/http.(*Server).Serve in goroutine 1\n\t/go/src/net/http/server.go:3454 +0x485\n"
	var got []string
	for _, f := range frames([]byte(trace)) {
		got = append(got, fmt.Sprint(f.Func, " ", f.Short(), ":", f.Line, " ", f.App))
	}
	want := []string{
		"main.(*Server).Handle.func1 u/app/main.go:12 true", "net/http.HandlerFunc.ServeHTTP net/http/server.go:2294 false", "github.com/x/y.F[...] x/y@v1/f.go:3 false",
		"example.com/app/web.Index app/web/index.go:4 true", "github.com/bennu-go/bennu/plug.Head.func1 b/plug/head.go:1 false", "net/http.(*Server).Serve net/http/server.go:3454 false",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for _, junk := range []string{"", "goroutine", "a\n\tb", "a\nb\n\tc:x\n", "a(\n\t:1", "\n\n\n"} {
		frames([]byte(junk)) // does not panic
	}
}

func TestRoutesAreShownFor404(t *testing.T) {
	routes := []router.Route{{Method: "GET", Path: "/rooms/{id}", Hosts: []string{"admin."}, Action: "rooms.Show"}}
	for status, shown := range map[int]bool{404: true, 500: false} {
		p := hostile(t, Config{Status: status, Routes: routes})
		var b strings.Builder
		if err := p.WriteHTML(&b, "n"); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(b.String(), "rooms.Show") != shown || strings.Contains(p.Markdown(), "admin./rooms/{id}") != shown {
			t.Errorf("%d: got %v", status, !shown)
		}
	}
}

func TestLongValuesAreCut(t *testing.T) {
	if got := text(strings.Repeat("ü", maxValue)); len(got) > maxValue+30 || !strings.HasSuffix(got, "… (4000 bytes)") {
		t.Errorf("got %d bytes", len(got))
	}
}

func FuzzFrames(f *testing.F) {
	f.Add(string(debug.Stack()))
	f.Add("goroutine 1 [running]:\nmain.f(...)\n\t/a.go:1\n")
	f.Fuzz(func(t *testing.T, trace string) {
		for _, fr := range frames([]byte(trace)) {
			if fr.Func == "panic" {
				t.Fatalf("%q: %+v", trace, fr)
			}
		}
	})
}
