package param

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

type color string

func (c *color) UnmarshalText(b []byte) error {
	if string(b) != "red" {
		return errors.New("no such colour")
	}
	*c = color(b)
	return nil
}

type page struct {
	Number int `param:"page"`
}

type everything struct {
	page
	Name    string            `param:"user-name"`
	Must    string            `param:"must,required"`
	Age     *int              `param:"age"`
	Small   int8              `param:"small"`
	Big     uint64            `param:"big"`
	Ratio   float64           `param:"ratio"`
	OK      bool              `param:"ok"`
	At      time.Time         `param:"at"`
	For     time.Duration     `param:"for"`
	Color   color             `param:"color"`
	Tags    []string          `param:"tags"`
	Rows    []page            `param:"rows"`
	Any     any               `param:"any"`
	Free    map[string]any    `param:"free"`
	Typed   map[string]int    `param:"typed"`
	Params  Map               `param:"params"`
	Photo   *Upload           `param:"photo"`
	Inner   page              `param:"inner"`
	Skipped string            `param:"-"`
	Admin   bool              // no tag: nobody sets it
	Texts   map[color]*string `param:"texts"`
}

func TestBind(t *testing.T) {
	photo, age, text := &Upload{Filename: "a.png"}, 0, "t"
	got := everything{Name: "stays", Admin: false}
	err := Bind(Map{
		"page": "3", "must": "here", "age": int64(0), "small": "-128", "big": "18446744073709551615", "ratio": int64(2), "ok": "on",
		"at": "2026-01-02", "for": "1m30s", "color": "red", "tags": l{"a", "b", nil}, "rows": m{"10": m{"page": "2"}, "9": Map{"page": "1"}},
		"any": l{"x"}, "free": m{"a": true}, "typed": m{"n": 4.0}, "params": m{"x": "y"}, "photo": photo, "inner": m{"page": 5.0},
		"Skipped": "x", "Admin": "true", "-": "x", "": "x", "texts": m{"k": "t"},
	}, &got)
	if err != nil {
		t.Fatal(err)
	}
	want := everything{
		page: page{3}, Name: "stays", Must: "here", Age: &age, Small: -128, Big: 1<<64 - 1, Ratio: 2, OK: true,
		At: time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC), For: 90 * time.Second, Color: "red", Tags: []string{"a", "b", ""}, Rows: []page{{1}, {2}},
		Any: l{"x"}, Free: m{"a": true}, Typed: map[string]int{"n": 4}, Params: Map{"x": "y"}, Photo: photo, Inner: page{5},
		Texts: map[color]*string{"k": &text},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(everything{})); diff != "" {
		t.Error(diff)
	}
}

func TestBindErrors(t *testing.T) {
	var got everything
	err := Bind(Map{
		"page": "x", "user-name": int64(1), "must": "", "age": "1.5", "small": "128", "big": "-1", "ratio": "NaN", "ok": "maybe",
		"at": "noon", "for": int64(3), "color": "blue", "tags": m{"a": "1"}, "rows": l{m{"page": "1"}, m{"page": "x"}, "y"},
		"free": "x", "typed": m{"n": "x"}, "photo": "a.png", "inner": m{"page": "z"},
	}, &got)
	var errs Errors
	if !errors.As(err, &errs) {
		t.Fatalf("got %v", err)
	}
	want := map[string][]string{
		"page": {"must be a whole number"}, "user-name": {"must be text"}, "must": {"is required"}, "age": {"must be a whole number"},
		"small": {"is out of range"}, "big": {"must be a whole number that is not negative"}, "ratio": {"must be a number"},
		"ok": {"must be true or false"}, "at": {"must be a date or time"}, "for": {"must be a duration such as 1m30s"}, "color": {"is invalid"},
		"tags": {"must be a list"}, "rows[1][page]": {"must be a whole number"}, "rows[2]": {"must be a map"}, "free": {"must be a map"},
		"typed[n]": {"must be a whole number"}, "photo": {"must be a file"}, "inner[page]": {"must be a whole number"},
	}
	if diff := cmp.Diff(want, errs.Fields()); diff != "" {
		t.Error(diff)
	}
	if !strings.HasPrefix(err.Error(), "param: page must be a whole number, user-name must be text") {
		t.Errorf("got %q", err)
	}
}

func TestBindMissing(t *testing.T) {
	age := 7
	got := everything{Must: "was", Age: &age, OK: true, Tags: []string{"was"}}
	err := Bind(Map{"age": "", "ok": nil, "user-name": "", "tags": ""}, &got)
	if diff := cmp.Diff(map[string][]string{"must": {"is required"}}, err.(Errors).Fields()); diff != "" {
		t.Error(diff)
	}
	if *got.Age != 7 || !got.OK || len(got.Tags) != 1 {
		t.Errorf("what was missing changed fields: %+v", got)
	}
}

func TestBindPanics(t *testing.T) {
	for want, dst := range map[string]any{
		"pointer to a struct": page{},
		"write `param": &struct {
			A int `param:"a,omitempty"`
		}{},
		"no parameter fits": &struct {
			A chan int `param:"a"`
		}{},
		"interface any": &struct {
			A error `param:"a"`
		}{},
		"keys of parameters": &struct {
			A map[int]int `param:"a"`
		}{},
	} {
		func() {
			defer func() {
				if v := recover(); v == nil || !strings.Contains(fmt.Sprint(v), want) {
					t.Errorf("got panic %v, want one with %q", v, want)
				}
			}()
			Bind(Map{"a": "1"}, dst)
		}()
	}
}

func TestTyped(t *testing.T) {
	p := Map{"s": "text", "i": "42", "j": int64(43), "f": 1.5, "b": "false", "t": "2026-01-02T03:04", "m": m{"k": "v"}, "l": l{"1", "2"}, "e": "", "n": nil, "u": &Upload{Size: 3}}
	check := func(name string, got any, err error, want any) {
		t.Helper()
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v %s", name, err, diff)
		}
	}
	s, err := p.String("s")
	check("string", s, err, "text")
	s, err = p.String("e")
	check("an empty string is a string", s, err, "")
	i, err := p.Int("i")
	check("int", i, err, 42)
	f, err := p.Float("f")
	check("float", f, err, 1.5)
	b, err := p.Bool("b")
	check("bool", b, err, false)
	at, err := p.Time("t")
	check("time", at, err, time.Date(2026, 1, 2, 3, 4, 0, 0, time.UTC))
	inner, err := p.Map("m")
	check("map", inner, err, Map{"k": "v"})
	list, err := p.List("l")
	check("list", list, err, l{"1", "2"})
	up, err := p.File("u")
	check("file", up, err, &Upload{Size: 3})
	ids, err := Value[[]int64](p, "l")
	check("slice", ids, err, []int64{1, 2})
	n, err := Or(p, "missing", 9)
	check("fallback", n, err, 9)
	n, err = Or(p, "e", 9)
	check("fallback for an empty string", n, err, 9)
	n, err = Or(p, "j", 9)
	check("no fallback", n, err, 43)

	for name, want := range map[string]string{"n": "param: n is required", "e": "param: e is required", "missing": "param: missing is required", "s": "param: s must be a whole number", "m": "param: m must be a whole number"} {
		if n, err := p.Int(name); err == nil || err.Error() != want || n != 0 {
			t.Errorf("Int(%q): got %v, %v, want %q", name, n, err, want)
		}
	}
	if _, err := Or(p, "s", 1); err == nil {
		t.Error("what does not fit takes the fallback")
	}
	if p.Has("e") || p.Has("n") || p.Has("missing") || !p.Has("b") || !p.Has("m") {
		t.Error("Has")
	}
}

func FuzzBind(f *testing.F) {
	for _, tt := range decoded {
		f.Add(tt.query)
	}
	f.Add("page=1&rows[0][page]=2&rows[][page]=x&tags[]=a&at=2026-01-02&free[a][b]=c&big=99999999999999999999")
	f.Fuzz(func(t *testing.T, query string) {
		p, err := Decode(query)
		if err != nil {
			return
		}
		var dst everything
		err = Bind(p, &dst)
		if err == nil && dst.Must == "" {
			t.Fatalf("bound %q without what is required", query)
		}
		if n, ok := p["page"].(string); ok && err == nil && n != "" {
			if want, _ := strconv.Atoi(n); want != dst.Number {
				t.Fatalf("page=%q became %d", n, dst.Number)
			}
		}
	})
}
