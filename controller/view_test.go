package controller

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/bennu-go/bennu/plug"
	"github.com/bennu-go/bennu/telemetry"
)

func raw(s string) Component {
	return ComponentFunc(func(_ context.Context, w io.Writer) error { _, err := io.WriteString(w, s); return err })
}

func around(tag string) Layout {
	return func(r *http.Request, inner Component) Component {
		return ComponentFunc(func(ctx context.Context, w io.Writer) error {
			fmt.Fprintf(w, "<%s>", tag)
			if err := inner.Render(ctx, w); err != nil {
				return err
			}
			_, err := fmt.Fprintf(w, "</%s>", tag)
			return err
		})
	}
}

var show = View[string]{
	Name: "show",
	HTML: func(_ *http.Request, v string) Component { return raw("<p>" + v + "</p>") },
	JSON: func(_ *http.Request, v string) any { return map[string]string{"v": v} },
	Text: func(_ *http.Request, v string) string { return v },
	Other: map[string]func(io.Writer, *http.Request, string) error{
		"csv": func(w io.Writer, _ *http.Request, v string) error {
			c := csv.NewWriter(w)
			c.Write([]string{"v", v})
			c.Flush()
			return c.Error()
		},
	},
}

func render(w http.ResponseWriter, r *http.Request) error { return Render(w, r, 200, show, "x") }

func TestRenderByFormat(t *testing.T) {
	accepts := plug.Accepts("html", "json", "text", "csv", "xml")
	for _, c := range []struct{ target, accept, typ, body string }{
		{"/", "", "text/html; charset=utf-8", "<root><in><p>x</p></in></root>"},
		{"/", "text/html,*/*;q=0.8", "text/html; charset=utf-8", "<root><in><p>x</p></in></root>"},
		{"/", "application/json", "application/json; charset=utf-8", `{"v":"x"}`},
		{"/?_format=csv", "application/json", "text/csv; charset=utf-8", "v,x\n"},
		{"/", "text/plain", "text/plain; charset=utf-8", "x"},
	} {
		w, err := run(get(c.target, "Accept", c.accept), render, accepts, PutRootLayout(around("root")), PutLayout(around("in")))
		if c.accept == "" {
			w, err = run(get(c.target), render, accepts, PutRootLayout(around("root")), PutLayout(around("in")))
		}
		if err != nil {
			t.Errorf("%s %s: %v", c.target, c.accept, err)
			continue
		}
		want(t, w, 200, c.typ, c.body)
	}
	_, err := run(get("/", "Accept", "application/xml"), render, accepts)
	if plug.Status(err) != 406 || !strings.Contains(FallbackConfig{}.Describe(err).Detail, "html, json, text, csv") {
		t.Errorf("got %v", err)
	}
}

func TestRenderWithoutAccepts(t *testing.T) {
	if _, err := run(get("/"), render); err == nil || !strings.Contains(err.Error(), "put plug.Accepts") {
		t.Errorf("got %v", err)
	}
	w, err := run(get("/?_format=json"), render)
	if err != nil {
		t.Fatal(err)
	}
	want(t, w, 200, typeJSON, `{"v":"x"}`)
	only := View[int]{JSON: func(_ *http.Request, v int) any { return v }}
	if w, err = run(get("/"), func(w http.ResponseWriter, r *http.Request) error { return Render(w, r, 200, only, 3) }); err != nil {
		t.Fatal(err)
	}
	want(t, w, 200, typeJSON, "3")
}

func TestLayoutsOfOneRequest(t *testing.T) {
	for _, c := range []struct {
		name string
		set  func(r *http.Request)
		body string
	}{
		{"none changed", func(r *http.Request) {}, "<root><in><p>x</p></in></root>"},
		{"no layout", func(r *http.Request) { SetLayout(r, nil) }, "<root><p>x</p></root>"},
		{"no root layout", func(r *http.Request) { SetRootLayout(r, nil) }, "<in><p>x</p></in>"},
		{"others", func(r *http.Request) { SetRootLayout(r, around("r2")); SetLayout(r, around("l2")) }, "<r2><l2><p>x</p></l2></r2>"},
	} {
		w, err := run(get("/"), func(w http.ResponseWriter, r *http.Request) error { c.set(r); return render(w, r) },
			plug.Accepts("html"), PutRootLayout(around("root")), PutLayout(around("outer")), PutLayout(around("in")))
		if err != nil || w.Body.String() != c.body {
			t.Errorf("%s: got %q, %v", c.name, w.Body, err)
		}
	}
	defer func() {
		if v := recover(); v == nil || !strings.Contains(fmt.Sprint(v), "put plug.Accepts") {
			t.Errorf("got %v", v)
		}
	}()
	SetLayout(get("/"), nil)
}

func TestRenderIsObserved(t *testing.T) {
	tel := telemetry.New(telemetry.Config{Logger: silent()})
	var got []string
	telemetry.Attach(tel, func(_ context.Context, e telemetry.RenderStop) {
		got = append(got, fmt.Sprint(e.View, " ", e.Format, " ", e.Err))
	})
	run(get("/?_format=json"), render, Observe(tel))
	run(get("/?_format=nope"), render, Observe(tel))
	if len(got) != 2 || got[0] != "show json <nil>" || !strings.HasPrefix(got[1], "show nope Not Acceptable") {
		t.Errorf("got %q", got)
	}
}
